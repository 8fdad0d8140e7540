/** What a form says of what is wrong: the kind's own words, the same in the browser and by the server. */

import { SUBJECT } from "../fixtures/server.ts";
import type { StartPage } from "../pages/start.ts";
import type { TaskPage } from "../pages/task.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const SAYS = "the subject starts with a dot or has a / or \\ in it; leave those out";

test("the browser says the kind's own words of a value that does not fit", async ({ startPage, page }) => {
  await startPage.openAlive("story");
  await startPage.field(/subject/i).fill("../etc");
  await startPage.field(/player/i).fill("Ada");
  const said = () => startPage.field(/subject/i).evaluate((field: HTMLInputElement) => field.validationMessage);
  // Before the script is there, the browser has words of its own.
  await expect(async () => {
    await page.getByRole("button", { name: "Start", exact: true }).click();
    expect(await said()).toBe(SAYS);
  }).toPass({ timeout: 30_000 });
});

test("what was started last is filled in again", async ({ startPage, taskPage, page }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada Remembered");
  await taskPage.arrived();
  await startPage.open("story");
  await page.getByRole("link", { name: "Fill in what you started last" }).click();
  await expect(startPage.field(/player/i)).toHaveValue("Ada Remembered");
  await expect(startPage.field(/subject/i)).toHaveValue(SUBJECT);
});

/** The same input is the same work: the second start leads to the first one's task, and the page says so. */
async function isToldOfWhatIsUnderWay(startPage: StartPage, taskPage: TaskPage, player: string): Promise<void> {
  const { page } = startPage;
  const note = page.getByText("This work was already under way: nothing new was started.");
  await startPage.open("story");
  await startPage.startStory(SUBJECT, player);
  await taskPage.arrived();
  await expect(note).toHaveCount(0);
  const first = new URL(page.url()).pathname;
  await startPage.open("story");
  await startPage.startStory(SUBJECT, player);
  await taskPage.arrived();
  await expect(note).toBeVisible();
  expect(new URL(page.url()).pathname).toBe(first);
  // Another protagonist is another story.
  await startPage.open("story");
  await startPage.startStory(SUBJECT, `${player} II`);
  await taskPage.arrived();
  await expect(note).toHaveCount(0);
  expect(new URL(page.url()).pathname).not.toBe(first);
}

test.describe("work that takes a while", () => {
  test.use({ pace: "steady" });

  test("a start that leads to what is under way says so", async ({ startPage, taskPage }) => {
    await isToldOfWhatIsUnderWay(startPage, taskPage, "Carol");
  });
});

test.describe("without a script", () => {
  test.use({ javaScriptEnabled: false, expectedErrors: answered(400) });

  test("the server says the same at the field", async ({ startPage, page }) => {
    await startPage.open("story");
    // As a browser that knows no patterns sends it.
    await page.route("**/start/story", async (route) => {
      const body = new URLSearchParams({ subject: "../etc", player: "Ada" }).toString();
      const headers = { ...route.request().headers(), "content-type": "application/x-www-form-urlencoded" };
      await route.continue(route.request().method() === "POST" ? { postData: body, headers } : {});
    });
    await startPage.startStory("plain", "Ada");
    await expect(startPage.field(/subject/i)).toHaveAccessibleDescription(new RegExp(SAYS.replace(/[\\/]/g, "\\$&")));
    await expect(startPage.field(/subject/i)).toHaveValue("../etc");
  });

  test.describe("work that takes a while", () => {
    test.use({ pace: "steady" });

    test("a start that leads to what is under way says so", async ({ startPage, taskPage }) => {
      await isToldOfWhatIsUnderWay(startPage, taskPage, "Dora");
    });
  });
});
