// The server and the tool of its schema, built from their module; go.sum is made anew beside the build.
module kz.jardem/temporal-rival

go 1.26.8

tool (
	go.temporal.io/server/cmd/server
	go.temporal.io/server/cmd/tools/sql
)

require go.temporal.io/server v1.32.1
