/** The files of a task on their pages: each sort as itself, and none as more than it is. */

import { readFileSync } from "node:fs";

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { Commands } from "../fixtures/commands.ts";
import { expect, test } from "../fixtures/test.ts";

/** Sets the title if it is run or obeyed anywhere. */
const TRAP = "<script>document.title='caught'</script><img src=x onerror=\"document.title='caught'\">";
/** Red, 2 by 2. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP8z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" onload="document.title='caught'"><script>document.title='caught'</script><rect width="40" height="20"/></svg>`;

const FILES: Record<string, Buffer | string> = {
  "note.txt": `first line\n${TRAP}\n`,
  "story.md": `# A heading\n\n*leaning* ${TRAP}\n\n[away](javascript:document.title='caught')\n`,
  "data.json": `{"b":[1,{"c":"${TRAP.replaceAll('"', "'")}"}],"a":12345678901234567890}`,
  "table.csv": `name;what\nOst;"${TRAP.replaceAll('"', "'")}"\nWest;2\n`,
  "picture.png": Buffer.from(PNG, "base64"),
  "drawing.svg": SVG,
  "page.html": `<title>caught</title>${TRAP}`,
  "bytes.bin": Buffer.from([0, 1, 2, 255]),
  [`<b onclick=x> & "quoted" 100% ä?#.txt`]: "odd",
};

const commands = new Commands(`[commands.make]\ntitle = "Make files"\nargv = ["sh", "{config_dir}/make.sh", "{config_dir}"]\nresults = ["*"]\n`, {
  ...Object.fromEntries(Object.values(FILES).map((body, index) => [`in-${index}`, body])),
  "make.sh": Object.keys(FILES).map((name, index) => `cp "$1/in-${index}" '${name.replaceAll("'", "'\\''")}'`).join("\n"),
});

test.use({ settings: commands.settings });

/** A task that has made the files. */
async function made(page: Page): Promise<string> {
  const api = new Api(page.request);
  const id = await api.start("make", {});
  expect((await api.untilEnded(id)).status).toBe("completed");
  return id;
}

function rendered(page: Page) {
  return page.locator(".rendered");
}

test("a task's files are listed with their size and their type, and each is downloaded as it is", async ({ page }) => {
  await page.goto("/");
  const id = await made(page);
  await page.goto(`/tasks/${id}`);
  const list = page.getByRole("region", { name: "Files" });
  for (const name of Object.keys(FILES)) await expect(list.getByRole("link", { name, exact: true })).toBeVisible();
  await expect(list).toContainText("text/csv");
  await expectAccessible(page);
  for (const [name, body] of Object.entries(FILES)) {
    const download = page.waitForEvent("download");
    await list.getByRole("link", { name: `Download ${name}`, exact: true }).click();
    const path = await (await download).path();
    expect(readFileSync(path).equals(Buffer.from(body)), name).toBe(true);
  }
  await expect(page).not.toHaveTitle(/caught/);
});

const SHOWN: [string, (page: Page) => Promise<void>][] = [
  ["note.txt", async (page) => await expect(rendered(page).locator("pre")).toHaveText(`first line\n${TRAP}\n`)],
  [
    "story.md",
    async (page) => {
      await expect(rendered(page).getByRole("heading", { name: "A heading" })).toBeVisible();
      await expect(rendered(page).locator("em")).toHaveText("leaning");
      await expect(rendered(page).getByRole("link")).toHaveCount(0);
    },
  ],
  ["data.json", async (page) => await expect(rendered(page).locator("pre")).toContainText('"a": 12345678901234567890\n}')],
  [
    "table.csv",
    async (page) => {
      await expect(rendered(page).getByRole("columnheader")).toHaveText(["name", "what"]);
      await expect(rendered(page).getByRole("cell")).toHaveText(["Ost", TRAP.replaceAll('"', "'"), "West", "2"]);
    },
  ],
  [
    "picture.png",
    async (page) => {
      await expect(rendered(page).getByRole("img", { name: "picture.png" })).toBeVisible();
      await expect.poll(async () => await rendered(page).locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(2);
    },
  ],
  ["drawing.svg", async (page) => await expect.poll(async () => await rendered(page).locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(40)],
  ["page.html", async (page) => await expect(rendered(page).locator("pre")).toContainText(TRAP)],
  ["bytes.bin", async (page) => await expect(page.locator("main")).toContainText("is not shown here. Download it")],
  [`<b onclick=x> & "quoted" 100% ä?#.txt`, async (page) => await expect(rendered(page).locator("pre")).toHaveText("odd")],
];

for (const [name, check] of SHOWN) {
  test(`${name} is shown as what it is, and nothing in it is run`, async ({ page }) => {
    await page.goto("/");
    const id = await made(page);
    await page.goto(`/tasks/${id}`);
    await page.getByRole("region", { name: "Files" }).getByRole("link", { name, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
    await check(page);
    await expect(page.locator("main script, main [onerror], main [onload], main [onclick]")).toHaveCount(0);
    await expect(page).not.toHaveTitle(/^caught/);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoSidewaysScroll(page);
  });
}

test("a file that is opened by its address runs nothing", async ({ page }) => {
  await page.goto("/");
  const id = await made(page);
  for (const name of ["page.html", "drawing.svg"]) {
    const answer = await page.request.get(`/api/v1/tasks/${id}/files/${name}`);
    expect(answer.headers()["content-security-policy"]).toContain("sandbox");
    expect(answer.headers()["content-disposition"]).toContain("attachment");
    expect(answer.headers()["x-content-type-options"]).toBe("nosniff");
  }
});
