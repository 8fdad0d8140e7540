/** The audit log: what was done stands there, is filtered by the address, and read page by page; with and without a script. */

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const PHONE = { width: 390, height: 844 };

test.use({ settings: { MILEPOST_AUTH_LOCAL_OPERATOR: "true", MILEPOST_ENGINE_LIST_ROWS: "2" }, expectedErrors: answered(400) });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("what was done is found by who, what and when", async ({ page }) => {
      await page.goto("/");
      const api = new Api(page.request);
      const first = await api.start("dataset", { data: "a\n1\n" });
      const second = await api.start("dataset", { data: "b\n1\n" });
      await api.untilEnded(second);
      await page.request.post(`/api/v1/tasks/${first}/keep`);

      await page.goto("/admin");
      await page.getByRole("link", { name: "Audit log" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Audit log");
      const rows = page.locator("tbody tr");
      await expect(rows).toHaveCount(2);
      await expect(rows.nth(0)).toContainText("session");
      await expect(rows.nth(0).locator("time")).toHaveAttribute("datetime", /^\d{4}-\d\d-\d\dT/);
      await page.getByRole("link", { name: "Older" }).click();
      await expect(page.getByRole("link", { name: "Newest" })).toBeVisible();
      await expect(rows.first()).toBeVisible();

      // Each row leads to what else was done with the same subject.
      await page.goto(`/admin/audit?action=start&subject=${first}`);
      await expect(rows).toHaveCount(1);
      await expect(page.getByLabel("Action")).toHaveValue("start");
      await rows.first().getByRole("link", { name: first }).click();
      await expect(page.getByLabel("Subject")).toHaveValue(first);
      await expect(rows.filter({ hasText: "start" })).toHaveCount(1);

      await page.getByRole("link", { name: "All", exact: true }).click();
      await page.getByLabel("Who").fill("nobody of this name");
      await page.getByRole("button", { name: "Show" }).click();
      await expect(page.getByText("No entry matches.")).toBeVisible();
      expect(new URL(page.url()).searchParams.get("who")).toBe("nobody of this name");

      // By time, in UTC to the minute; the fields keep what was asked for.
      await page.goto(`/admin/audit?subject=${first}`);
      await expect(rows).toHaveCount(2);
      await page.getByLabel("From (UTC)").fill("2000-01-01T00:00");
      await page.getByLabel("Until (UTC)").fill("2999-12-31T23:59");
      await page.getByRole("button", { name: "Show" }).click();
      await expect(rows).toHaveCount(2);
      await expect(page.getByLabel("From (UTC)")).toHaveValue("2000-01-01T00:00");
      await expect(page.getByLabel("Until (UTC)")).toHaveValue("2999-12-31T23:59");
      expect(new URL(page.url()).searchParams.get("from")).toBe("2000-01-01T00:00");
      await page.getByLabel("Until (UTC)").fill("2000-01-01T00:01");
      await page.getByRole("button", { name: "Show" }).click();
      await expect(page.getByText("No entry matches.")).toBeVisible();

      await page.goto("/admin/audit?from=today");
      await expect(page.getByRole("heading", { level: 1 })).not.toHaveText("Audit log");
    });
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`the page is accessible and fits a hand, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto("/");
    await new Api(page.request).start("dataset", { data: "a\n1\n" });
    for (const path of ["/admin/audit", "/admin/audit?who=nobody", "/admin/audit?from=2000-01-01T00:00&until=2000-01-01T00:00:11Z"]) {
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.goto(path);
      await expectAccessible(page);
      await page.setViewportSize(PHONE);
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
    }
  });
}

test.describe("a server without an operator", () => {
  test.use({ settings: {}, expectedErrors: answered(403) });

  test("shows it to nobody", async ({ page }) => {
    const response = await page.goto("/admin/audit");
    expect(response?.status()).toBe(403);
  });
});
