/** Users sign in at an OpenID Connect provider: with and without a script, by keyboard, and out again. */

import type { Page } from "@playwright/test";

import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { Provider } from "../fixtures/provider.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, test as base, expect } from "../fixtures/test.ts";

/** Goes to the provider and comes back as this user. */
async function signIn(page: Page, provider: Provider, user: Record<string, unknown>): Promise<void> {
  provider.user = user;
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await page.getByRole("link", { name: `Be ${String(user["preferred_username"])}` }).click();
}

const test = base.extend<{ provider: Provider }>({
  provider: async ({}, use) => {
    const provider = await Provider.start();
    await use(provider);
    provider.stop();
  },
  settings: async ({ provider }, use) => await use({ ...provider.settings, MILEPOST_AUTH_ADMINS: "group:ops", MILEPOST_AUTH_VIEWERS: "group:audit" }),
});

test.use({ database: "sqlite", expectedErrors: answered(403, 503) });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("who signs in at the provider returns to the page that was asked for, and signs out again", async ({
      page,
      context,
      server,
      provider,
    }) => {
      await page.goto("/tasks?q=light");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
      expect(await context.cookies(), "no session begins before").toEqual([]);
      if (javaScriptEnabled) await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.getByRole("link", { name: "Sign in", exact: true }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Provider");
      await page.getByRole("link", { name: "Be ada" }).click();
      await expect(page).toHaveURL(`${server.url}/tasks?q=light`);
      const cookies = await context.cookies(server.url);
      expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([["milepost_user", true, "Lax"]]);

      // The group makes her an admin.
      await page.goto("/admin");
      await expect(page.getByRole("heading", { level: 1 })).not.toHaveText("Sign in");
      await page.goto("/account");
      await expect(page.getByText("You are ada")).toBeVisible();
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByRole("status")).toHaveText(/You are signed out here\./);
      if (javaScriptEnabled) await expectAccessible(page);
      expect(await context.cookies(server.url), "the cookie is gone").toEqual([]);
      const there = page.getByRole("link", { name: "Sign out at your provider, too" });
      expect(await there.getAttribute("href")).toContain(`${provider.issuer}/sign-out?`);
      await there.click();
      await expect(page).toHaveURL(`${server.url}/sign-in`);
    });

    test("who does not consent there is not signed in, and is told so", async ({ page, context, server }) => {
      await page.goto("/sign-in?return_to=%2Ftasks");
      await page.getByRole("link", { name: "Sign in", exact: true }).click();
      await page.getByRole("link", { name: "Be nobody" }).click();
      await expect(page.getByRole("alert")).toHaveText("The provider did not sign you in (access_denied). Try again.");
      if (javaScriptEnabled) await expectAccessible(page);
      // Another try leads to the page that was asked for.
      await expect(page.getByRole("link", { name: "Sign in", exact: true })).toHaveAttribute("href", /return_to=%2Ftasks$/);
      const names = (await context.cookies(server.url)).map(({ name }) => name);
      expect(names).not.toContain("milepost_user");
    });

    test("an answer that came to another browser signs nobody in", async ({ page, browser, server }) => {
      await page.goto("/sign-in");
      await page.getByRole("link", { name: "Sign in", exact: true }).click();
      const answer = await page.getByRole("link", { name: "Be ada" }).getAttribute("href");
      const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled });
      const other = await context.newPage();
      await other.goto(answer ?? "");
      await expect(other.getByRole("alert")).toContainText("This sign-in was not accepted");
      await other.goto("/tasks");
      await expect(other.getByRole("heading", { level: 1 })).toHaveText("Sign in");
      await context.close();
      // It is still good for the one that began; when it is loaded once more, it is not.
      await page.goto(answer ?? "");
      await expect(page).toHaveURL(`${server.url}/`);
      await page.goto(answer ?? "");
      await expect(page.getByRole("alert")).toContainText("This sign-in was not accepted");
    });
  });
}

test("by keyboard alone", async ({ page, server }) => {
  await page.goto("/sign-in");
  const link = page.getByRole("link", { name: "Sign in", exact: true });
  for (let tabs = 0; tabs < 10 && !(await link.evaluate((it) => it === document.activeElement)); tabs++) {
    await page.keyboard.press("Tab");
  }
  await expect(link).toBeFocused();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Be ada" }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${server.url}/`);
});

test("a provider that does not answer is said", async ({ page, provider }) => {
  provider.stop();
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toHaveText("The provider at which you sign in does not answer as it should. Try again.");
  await expectAccessible(page);
});

test("a member sees no page of operators, and a user of the same name is another one", async ({ page, context, provider, server }) => {
  await signIn(page, provider, { sub: "1815", preferred_username: "ada" });
  await expect(page).toHaveURL(`${server.url}/`);
  const admin = await page.goto("/admin");
  expect(admin?.status()).toBe(403);
  await context.clearCookies();
  await signIn(page, provider, { sub: "1816", preferred_username: "ada" });
  await expect(page.getByRole("alert")).toContainText('Another user is called "ada" here.');
});

test("a viewer sees the tasks of all, and nothing there acts", async ({ page, provider, startPage, taskPage, context, server }) => {
  await signIn(page, provider, { sub: "1", preferred_username: "ada" });
  await expect(page).toHaveURL(`${server.url}/`);
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await context.clearCookies();
  await signIn(page, provider, { sub: "2", preferred_username: "eve", groups: ["audit"] });
  await expect(page).toHaveURL(`${server.url}/`);
  await page.goto("/account");
  await page.getByRole("link", { name: "The tasks of all owners" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Operation");
  await expectAccessible(page);
  for (const name of [/^Pause/, /^Cancel/, /^Rerun/, /^Delete/]) await expect(page.getByRole("button", { name })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Audit log" })).toHaveCount(0);
  expect((await page.goto("/admin/audit"))?.status()).toBe(403);
  await page.goto(`/tasks/${id}`);
  await expect(page.getByRole("button", { name: /^cancel the task/i })).toHaveCount(0);
  expect((await page.request.get(`/api/v1/tasks/${id}/input`)).status()).toBe(403);
  expect((await page.request.get(`/api/v1/tasks/${id}`)).status()).toBe(200);
});
