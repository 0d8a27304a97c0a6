// Lists users or log events with the Node SDK: node listing.mjs users|logs URL MODULES
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [what, orgUrl, modules] = process.argv.slice(2);
const { Client } = createRequire(modules + "/package.json")("@okta/okta-sdk-nodejs");
const client = new Client({ orgUrl, token: "00bench", cacheEnabled: false });
let count = 0, text = 0;
if (what === "users") {
  for await (const user of await client.userApi.listUsers()) { count += 1; text += user.id.length; }
} else {
  for await (const event of await client.systemLogApi.listLogEvents()) { count += 1; text += event.uuid.length; }
}
const { user, system } = process.cpuUsage();
const peak = readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s+(\d+)/)[1];
console.log(`${count} ${text} ${(user + system) / 1e6} ${peak}`);
process.exit(0);
