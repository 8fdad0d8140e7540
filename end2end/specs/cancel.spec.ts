/** Cancelling in the middle. */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";
import type { TaskPage } from "../pages/task.ts";

test.use({ pace: "slow" });

test("a task is cancelled in the middle", async ({ startPage, taskPage, polls, page }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await taskPage.passed(1);
  await taskPage.cancel.click();
  await expect(taskPage.status("Cancelled")).toBeVisible();
  await expect(taskPage.says("The owner asked to cancel")).toBeVisible();
  await expect(taskPage.cancel).toBeHidden();
  expect(await taskPage.percent()).toBeLessThan(100);
  expect((await new Api(page.request).task(id)).status).toBe("cancelled");
  await expectReceipt(taskPage, page, id);
  // After a reload the server tells the same.
  await page.reload();
  await expectReceipt(taskPage, page, id);
  expect(polls.open, "nothing is asked any more").toBe(0);
});

/** Who asked and when, when the worker was told, when the task saw it, how it ended and what is kept. */
async function expectReceipt(taskPage: TaskPage, page: Page, id: string): Promise<void> {
  const { cancel } = await new Api(page.request).task(id);
  expect(cancel).toMatchObject({ requested_by: "owner", outcome: "stopped" });
  const at = (time?: string) => `${time?.slice(11, 19)} UTC`;
  const told = [
    `The owner asked to cancel at ${at(cancel?.requested_at)}.`,
    `The worker received it at ${at(cancel?.delivered_at)}.`,
    `The task saw it at ${at(cancel?.acknowledged_at)}.`,
    "The task has stopped.",
    `Kept: ${cancel?.preserved}.`,
  ];
  await expect(taskPage.says(told.join(" "))).toBeVisible();
}

test("a task that is cancelled while its page is open offers to be kept longer, without a reload", async ({ startPage, taskPage, page }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  await taskPage.arrived();
  await taskPage.passed(1);
  const keep = page.getByRole("button", { name: "Keep longer" });
  await expect(keep).toBeHidden();
  await taskPage.cancel.click();
  await expect(taskPage.status("Cancelled")).toBeVisible();
  await expect(keep).toBeVisible();
  await keep.click();
  await taskPage.arrived();
  await expect(taskPage.says("90 days from now")).toBeVisible();
});
