/** How the page asks, and that it stops. */

import { Api } from "../fixtures/api.ts";
import { pass, setVisible, settled } from "../fixtures/clock.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const ONE_MINUTE = 60_000;
const TEN_MINUTES = 10 * ONE_MINUTE;
/** With some time for the answer. */
const LONGEST_HOLD_MS = 25_000;

test.use({ pace: "slow" });

// `polls` is named here so that it counts from the first request on.
test.beforeEach(async ({ page, startPage, taskPage, polls: _polls }) => {
  await page.clock.install();
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  await taskPage.arrived();
});

test("a page that is watched asks", async ({ page, polls }) => {
  await expect.poll(() => polls.made).toBeGreaterThan(0);
  const made = polls.made;
  await pass(page, ONE_MINUTE);
  expect(polls.made).toBeGreaterThan(made);
});

test("stop watching ends the requests but not the task; go on watching begins them again", async ({ page, taskPage, polls }) => {
  const id = await taskPage.arrived();
  await expect.poll(() => polls.made).toBeGreaterThan(0);
  await taskPage.stopWatching.click();
  await expect(taskPage.says("Not watching")).toBeVisible();
  await expect.poll(() => polls.open).toBe(0);
  const made = polls.made;
  await pass(page, TEN_MINUTES);
  expect(polls.made).toBe(made);
  expect((await new Api(page.request).task(id)).status).toBe("running");

  await taskPage.goOnWatching.click();
  await expect.poll(() => polls.made).toBeGreaterThan(made);
  await expect(taskPage.says("Not watching")).toBeHidden();
});

for (const away of ["/start/story", "/no/such/page"]) {
  test.describe(`leaving for ${away}`, () => {
    test.use({ expectedErrors: answered(404) });

    test("ends the requests", async ({ page, polls }) => {
      await expect.poll(() => polls.made).toBeGreaterThan(0);
      await page.goto(away);
      await expect.poll(() => polls.open).toBe(0);
      const made = polls.made;
      await pass(page, TEN_MINUTES);
      expect(polls.made).toBe(made);
    });
  });
}

test("a hidden tab does not ask, and asks at once when it is seen again", async ({ page, polls }) => {
  await expect.poll(() => polls.made).toBeGreaterThan(0);
  await setVisible(page, false);
  // The one that is held is let end.
  await expect.poll(() => polls.open, { timeout: LONGEST_HOLD_MS }).toBe(0);
  await settled(page);
  const made = polls.made;
  await pass(page, TEN_MINUTES);
  expect(polls.made).toBe(made);
  await setVisible(page, true);
  await expect.poll(() => polls.made).toBeGreaterThan(made);
});

test("the end of the task ends the requests", async ({ page, taskPage, polls }) => {
  await taskPage.cancel.click();
  await expect(taskPage.status("Cancelled")).toBeVisible();
  await expect.poll(() => polls.open).toBe(0);
  const made = polls.made;
  await pass(page, TEN_MINUTES);
  expect(polls.made).toBe(made);
});

test("the policy is chosen, kept to, and its polls are counted", async ({ page, taskPage, polls }) => {
  /** Lets time pass until the next request was made and answered. */
  const untilNext = async () => {
    const made = polls.made;
    for (let steps = 0; polls.made === made && steps < 100; steps += 1) await pass(page, 100);
    expect(polls.made).toBe(made + 1);
    await expect(taskPage.pollFact("Next")).toHaveText("in 2 s");
  };
  await taskPage.pollPanel.click();
  await taskPage.policy("Interval").check();
  // From here on, time passes only where it is told to; a larger step would look as if the tab had slept.
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
  await settled(page);
  await untilNext();
  for (let round = 0; round < 3; round += 1) {
    const made = polls.made;
    await pass(page, 1_900);
    expect(polls.made, "not before two seconds are over").toBe(made);
    await untilNext();
  }
  await expect(taskPage.pollFact("Requests")).toHaveText(String(polls.made));
  await expect(taskPage.policy("Interval")).toBeChecked();
  await expect(taskPage.policy("Paced")).not.toBeChecked();
});

test("a policy can be chosen once the script hears of it", async ({ page, taskPage }) => {
  await taskPage.alive();
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/*.wasm", async (route) => {
    await gate;
    await route.continue();
  });
  await page.reload({ waitUntil: "commit" });
  await taskPage.pollPanel.click();
  await expect(taskPage.policy("Interval")).toBeDisabled();
  letGo();
  await expect(taskPage.policy("Interval")).toBeEnabled();
});
