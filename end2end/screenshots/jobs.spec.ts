/** Pictures of commands, their files and their logs, of batches, and of what goes wrong. */

import { Api } from "../fixtures/api.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { NO_CONNECTION, answered, test } from "../fixtures/test.ts";
import { LOOKS, camera } from "./looks.ts";

const LONG = "a_very_long_name_without_any_place_to_break_it_".repeat(4);
const HOSTILE = `"><img src=x onerror=alert(1)> ${LONG}`.slice(0, 100);
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="160"><rect width="320" height="160" fill="#2a6f97"/><circle cx="160" cy="80" r="52" fill="#e9c46a"/></svg>`;
const CSV = ["bytes;sha256;path", ...Array.from({ length: 60 }, (_, row) => `${(row * 7919) % 100000};${"0123456789abcdef".repeat(4)};/srv/photos/2024/summer/IMG_${4000 + row}.jpeg`)].join("\n");
const MARKDOWN = `# The harbour in winter\n\nThe *light* was lit at **four** and the boats came in.\n\n> Nobody had seen such ice.\n\n- nets\n- ropes\n\n1. first\n2. second\n\n| boat | landed |\n| --- | --- |\n| Ost | 12 |\n| West | 7 |\n\n\`\`\`\nsome code, as it was\n\`\`\`\n`;

const commands = new Commands(
  `[commands.report]
title = "Nightly report"
description = "Collects the landings of the day and writes the report that the harbour office reads."
argv = ["sh", "{config_dir}/report.sh", "{gate}", "{harbour}"]
set_env = { GATES = "{folder}" }
stages = [{ name = "Fetching", weight = 1 }, { name = "Checking", weight = 3 }, { name = "Writing", weight = 6 }]
results = ["*"]
[commands.report.params.gate]
type = "text"
required = true
description = "The file that it waits for."
[commands.report.params.harbour]
type = "choice"
choices = ["Ost", "West", "Nord"]
default = "West"
[commands.report.params.since]
type = "integer"
title = "Days back"
min = 0
max = 365
default = 1
env = "PARAM_SINCE"
[commands.report.params.boat]
type = "text"
title = "Only this boat"
description = "None is all of them."
env = "PARAM_BOAT"
[commands.report.params.token]
type = "text"
secret = true
env = "PARAM_TOKEN"
[commands.report.params.draft]
type = "boolean"
title = "Only a draft"
description = "Writes the report without sending it."
env = "PARAM_DRAFT"
[commands.report.params.book]
type = "file"
title = "The day's book"
env = "PARAM_BOOK"
[commands.fails]
title = "Send the report"
argv = ["sh", "-c", "echo 'connected to office'; echo 'office.example: 550 mailbox full' >&2; exit 3"]
`,
  {
    "report.sh": `${WAIT_FOR}
say() { printf '%s\\n' "$1" >&"$MILEPOST_PROGRESS_FD"; }
say '{"stage": 1}'
echo "fetching from $2"
printf '\\033[1;32mok\\033[0m  1204 landings\\n'
printf '\\033[33mwarning\\033[0m  scale 3 was not calibrated\\n'
echo "could not reach scale 4, trying again" >&2
printf '\\033[31;1merror\\033[0m  \\033[4mscale 4\\033[0m is away; \\033[44;97m its last value is used \\033[0m\\n'
say '{"stage": 2, "message": "landing 600 of 1204", "progress": 0.5}'
say '{"stage": 3, "message": "page 3 of 8", "progress": 0.4}'
wait_for "$1"
n=0; while [ $n -lt 12000 ]; do n=$((n + 1)); echo "landing $n: $((n * 37 % 911)) kg"; done
cp "$(dirname "$0")"/out-story.md story.md; cp "$(dirname "$0")"/out-data.json data.json; cp "$(dirname "$0")"/out-table.csv table.csv
cp "$(dirname "$0")"/out-picture.svg picture.svg; cp "$(dirname "$0")"/out-note.txt note.txt; head -c 300000 /dev/zero > bytes.bin
echo odd > '"><img src=x onerror=alert(1)> ${LONG.slice(0, 100)}.txt'
echo "the report is written"
`,
    "out-story.md": MARKDOWN,
    "out-data.json": JSON.stringify({ harbour: "West", landings: [{ boat: "Anna", kg: 120.5 }, { boat: "Marie", kg: 88 }], complete: false, note: null }),
    "out-table.csv": CSV,
    "out-picture.svg": SVG,
    "out-note.txt": `${"A line of a note, not too long to be read at once.\n".repeat(8)}${"x".repeat(300)}\n`,
  },
);

for (const [look, options] of Object.entries(LOOKS)) {
  test.describe(look, () => {
    test.use({ ...options, deviceScaleFactor: 2, settings: commands.settings, expectedErrors: answered(400, 404, 410) });

    test("commands", async ({ page, home, taskPage, startPage }) => {
      const take = camera(page, look);
      const gate = commands.gate();
      await home.open();
      await take("home-commands");
      await page.goto(`/start/report?gate=${gate}&harbour=Nord&since=7`);
      await take("command-form", true);
      await startPage.field(/days back/i).fill("400");
      await page.locator("form.start").evaluate((form) => (form as HTMLFormElement).submit());
      await page.locator("[aria-invalid=true]").waitFor();
      await take("command-refused", true);
      const api = new Api(page.request);
      const id = await api.start("report", { gate, harbour: "West" });
      await taskPage.open(id);
      await taskPage.passed(60);
      await page.getByRole("group", { name: "Lines of the log" }).getByText("its last value").waitFor();
      await take("command-running", true);
      commands.open(gate);
      await taskPage.status("Done").waitFor();
      await taskPage.open(id);
      await take("command-done", true);
      await page.getByText(/lines are not shown here/).first().scrollIntoViewIfNeeded().catch(() => undefined);
      await take("command-log", false);
      await page.goto(`/tasks/${id}/files`);
      await take("files");
      for (const name of ["story.md", "data.json", "table.csv", "picture.svg", "note.txt", "bytes.bin"]) {
        await page.goto(`/tasks/${id}/files/${name}`);
        await take(`file-${name.split(".")[1]}`);
      }
      await page.goto(`/tasks/${id}/result`);
      await take("result-command");
      const failed = await api.start("fails", {});
      await api.untilEnded(failed);
      await taskPage.open(failed);
      await take("command-failed", true);
      await startPage.open("report");
      await take("form-offers-last");
    });

    test.describe("slow stories", () => {
      test.use({ pace: "slow", expectedErrors: new RegExp(`${answered(400, 404).source}|${NO_CONNECTION.source}`) });

      test("batches", async ({ page, taskPage, startPage, server }) => {
        const take = camera(page, look);
        for (const subject of ["harbour", "island", "reef"]) server.addResearch(subject);
        await page.goto("/start-several/story?subject=harbour");
        await take("several-form");
        await startPage.startStory("harbour\nnowhere\nreef", "Ada");
        await page.locator("[aria-invalid=true]").waitFor();
        await take("several-refused", true);
        await startPage.startStory("harbour\nisland\nreef", "Ada");
        await page.waitForURL(/\/batches\//);
        await page.getByText(/[1-9] %, 0 of 3/).waitFor();
        await take("batch-running");
        await page.getByRole("button", { name: /^cancel all/i }).click();
        await page.getByText("100 %, 3 of 3 have ended").waitFor();
        await take("batch-ended");
        await page.goto("/batches/00000000-0000-4000-8000-000000000000");
        await take("batch-unknown");
        await page.goto(`/start/story?player=${encodeURIComponent(HOSTILE)}&subject=${SUBJECT}`);
        await take("start-by-link");
        await startPage.submit.click();
        const id = await taskPage.arrived();
        await taskPage.passed(1);
        await take("task-hostile");
        await page.goto("/tasks");
        await take("tasks-hostile");
        await page.goto("/tasks?status=error");
        await take("tasks-none");
        await taskPage.open(id);
        await taskPage.pollPanel.click();
        await take("task-polls", true);
        await server.kill();
        await taskPage.says("Reconnecting").waitFor();
        await take("task-reconnecting");
        await server.start();
      });
    });
  });
}
