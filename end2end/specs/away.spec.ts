/** What a tab tells those who look elsewhere: its title, its icon, a notification. */

import { Api } from "../fixtures/api.ts";
import { pass, setVisible } from "../fixtures/clock.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

test.use({ pace: "slow" });

test.beforeEach(async ({ page, home, taskPage }) => {
  await page.clock.install();
  await page.addInitScript(() => {
    const notified: string[] = [];
    class Recorded {
      static requestPermission = async () => await Promise.resolve("granted");
      constructor(title: string) {
        notified.push(title);
      }
    }
    Object.assign(window, { Notification: Recorded, notified });
  });
  await home.open();
  await taskPage.open(await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" }));
  await taskPage.passed(1);
});

test("title and icon tell the percent while the task runs, and the icon is the site's again at the end", async ({ page, taskPage }) => {
  const icon = page.locator("link[rel=icon]");
  await expect(page).toHaveTitle(/^\d+ % · /);
  await expect(icon).toHaveAttribute("href", /^data:image\/svg\+xml,.*stroke-dasharray='\d+ 100'/);
  await taskPage.cancel.click();
  await expect(taskPage.status("Cancelled")).toBeVisible();
  await expect(page).toHaveTitle(/^Cancelled · /);
  await expect(icon).toHaveAttribute("href", "favicon.svg");
});

test("who asked to be notified hears of the end in a hidden tab, once; who did not, does not", async ({ page, taskPage }) => {
  const notified = () => page.evaluate(() => (window as unknown as { notified: string[] }).notified);
  const id = await taskPage.arrived();
  await page.getByRole("button", { name: "Notify me at the end" }).click();
  await expect(page.getByRole("button", { name: "You will be notified" })).toBeVisible();
  await setVisible(page, false);
  const cancel = await page.request.post(`/api/v1/tasks/${id}/cancel`);
  expect(cancel.ok(), await cancel.text()).toBe(true);
  await expect(async () => {
    await pass(page, 5_000);
    expect(await notified()).toHaveLength(1);
  }).toPass();
  expect((await notified())[0]).toMatch(/^Cancelled · /);
  await pass(page, 60_000);
  expect(await notified()).toHaveLength(1);
});
