// Loads a compose file as Docker Compose does, by the library of its own, and prints what it understood as JSON.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions([]string{os.Args[1]}, cli.WithOsEnv, cli.WithResolvedPaths(true))
	if err == nil {
		project, failed := options.LoadProject(context.Background())
		if failed == nil {
			if content, failed := project.MarshalJSON(); failed == nil {
				fmt.Println(string(content))
				return
			}
		}
		err = failed
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
