/** The description of the API is one. */

import { Validator } from "@seriousme/openapi-schema-validator";

import { expect, test } from "../fixtures/test.ts";

const OPERATIONS = [
  ["post", "/api/v1/tasks"],
  ["get", "/api/v1/tasks"],
  ["get", "/api/v1/tasks/{id}"],
  ["post", "/api/v1/tasks/poll"],
  ["post", "/api/v1/tasks/{id}/cancel"],
  ["get", "/api/v1/tasks/{id}/result"],
  ["get", "/api/v1/kinds"],
  ["get", "/api/v1/kinds/{kind}"],
  ["post", "/api/task/start"],
  ["get", "/api/status/{task_id}"],
  ["get", "/api/task/status/{task_id}"],
  ["delete", "/api/task/{task_id}/cancel"],
  ["post", "/api/story/create"],
  ["get", "/api/story/progress/{task_id}"],
] as const;

test("the OpenAPI document is valid and describes every call", async ({ request }) => {
  const answer = await request.get("/api/openapi.json");
  expect(answer.status()).toBe(200);
  const document = (await answer.json()) as { openapi: string; paths: Record<string, Record<string, unknown>> };
  expect(document.openapi).toMatch(/^3\.1\./);
  const { valid, errors } = await new Validator().validate(document as unknown as Record<string, unknown>);
  expect(errors ?? [], "what the schema of OpenAPI 3.1 says").toEqual([]);
  expect(valid).toBe(true);
  for (const [method, path] of OPERATIONS) {
    expect(document.paths[path]?.[method], `${method} ${path}`).toBeDefined();
  }
});
