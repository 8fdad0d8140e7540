/** What browsers and crawlers ask for by themselves. */

import { expect, test } from "../fixtures/test.ts";

for (const [path, type, begin] of [
  ["/favicon.ico", /^image\//, "\u0000\u0000\u0001\u0000"],
  ["/favicon.svg", /^image\/svg\+xml/, "<svg"],
  ["/apple-touch-icon.png", /^image\/png/, "\u0089PNG"],
  ["/robots.txt", /^text\/plain/, "User-agent: *\n"],
] as const) {
  test(`${path} is there, and begins no session`, async ({ request, server }) => {
    const answer = await request.get(new URL(path, server.url).href);
    expect(answer.status()).toBe(200);
    const headers = answer.headers();
    expect(headers["content-type"]).toMatch(type);
    expect(headers["set-cookie"]).toBeUndefined();
    expect((await answer.body()).toString("latin1").startsWith(begin)).toBe(true);
  });
}
