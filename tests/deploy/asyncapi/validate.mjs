// Prints what AsyncAPI's own parser says of a document, as JSON: its findings, and the addresses of its channels.
import { Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const findings = diagnostics.map(({ code, severity, message, path }) => ({ code, severity, message, path: path.join("/") }));
const channels = document ? document.channels().all().map((channel) => channel.address()) : [];
console.log(JSON.stringify({ findings, channels }));
