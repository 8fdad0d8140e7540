/** The button for notifications says why there are none. */

import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

test.use({ pace: "slow" });

/** What a page over plain HTTP gets, and one whose user has refused. */
const REFUSALS = [
  { isSecure: false, label: "Notifications need HTTPS" },
  { isSecure: true, label: "Notifications are blocked" },
];

for (const { isSecure, label } of REFUSALS) {
  test(`${isSecure ? "blocked by the user" : "over plain HTTP"}: ${label}`, async ({ page, startPage, taskPage }) => {
    await page.addInitScript((isSecure) => {
      Object.defineProperty(window, "isSecureContext", { get: () => isSecure });
      Notification.requestPermission = async () => await Promise.resolve("denied");
    }, isSecure);
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    await taskPage.arrived();
    await taskPage.alive();
    await page.getByRole("button", { name: "Notify me at the end" }).click();
    await expect(page.getByRole("button", { name: label })).toBeVisible();
  });
}
