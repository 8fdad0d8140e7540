/** Users sign in with a password: with and without a script, by keyboard, and out again. */

import { type Page } from "@playwright/test";

import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const PASSWORD = "correct horse";

async function fill(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

// One server: another one would know an ended session for some seconds.
test.use({ database: "sqlite", settings: { MILEPOST_AUTH_MODE: "password" }, expectedErrors: answered(403, 429) });

test.beforeEach(({ server }) => server.addUser("ada", PASSWORD));

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("who signs in returns to the page that was asked for, and signs out again", async ({ page, context, server }) => {
      await page.goto("/tasks?q=light");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
      expect(page.url()).toBe(`${server.url}/sign-in?return_to=%2Ftasks%3Fq%3Dlight`);
      expect(await context.cookies(), "no session begins before").toEqual([]);
      await fill(page, "ada", "wrong horse");
      await expect(page.getByRole("alert")).toHaveText("The name or the password is wrong.");
      await expect(page.getByLabel("Name", { exact: true })).toHaveValue("ada");
      await expect(page.getByLabel("Password")).toHaveValue("");
      await expect(page.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
      if (javaScriptEnabled) await expectAccessible(page);
      await fill(page, "ada", PASSWORD);
      await expect(page).toHaveURL(`${server.url}/tasks?q=light`);
      const [cookie] = await context.cookies();
      expect(cookie).toMatchObject({ name: "milepost_user", httpOnly: true, sameSite: "Lax" });

      await page.getByRole("link", { name: "Account" }).click();
      await expect(page.getByText("You are ada.")).toBeVisible();
      await expect(page.getByText("(this browser)")).toBeVisible();
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
      expect(await context.cookies(), "the cookie is gone").toEqual([]);
      await page.goto("/account");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
    });

    test("a link to another site is not followed after signing in", async ({ page, server }) => {
      for (const there of ["https://evil.example/", "//evil.example/", "/\\evil.example/"]) {
        await page.goto(`/sign-in?return_to=${encodeURIComponent(there)}`);
        await fill(page, "ada", PASSWORD);
        await expect(page).toHaveURL(`${server.url}/`);
      }
    });

    test("a session of another browser is ended on the account page", async ({ page, browser, server }) => {
      const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled });
      const other = await context.newPage();
      for (const it of [page, other]) {
        await it.goto("/account");
        await fill(it, "ada", PASSWORD);
        await expect(it.getByRole("heading", { level: 1 })).toHaveText("Account");
      }
      await page.reload();
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: /^End the session of / }).click();
      await expect(page.getByRole("button", { name: /^End the session of / })).toHaveCount(0);
      await other.goto("/tasks");
      await expect(other.getByRole("heading", { level: 1 })).toHaveText("Sign in");
      await context.close();
    });
  });
}

test("the form is filled in by keyboard alone", async ({ page, server }) => {
  await page.goto("/sign-in");
  await expect(page.getByLabel("Name", { exact: true })).toBeFocused();
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Password")).toBeFocused();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${server.url}/`);
});

test("who tries too often is told when to come back", async ({ page }) => {
  await page.goto("/sign-in");
  for (let n = 0; n < 5; n += 1) {
    await fill(page, "ada", "wrong horse");
    await expect(page.getByRole("alert")).toHaveText("The name or the password is wrong.");
  }
  await fill(page, "ada", PASSWORD);
  await expect(page.getByRole("alert")).toContainText("try again in");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the page is accessible and fits a hand, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto("/sign-in");
    await expectAccessible(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}
