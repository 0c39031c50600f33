import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { addAccount, addToken } from "../../lib/app/accounts.ts";
import { openPlatform } from "../../lib/platform.ts";
import { serve } from "../../web/api/server.ts";
import { testConfig } from "../support/services.ts";

describe("the server", () => {
  it("F42: told to stop, ends what is in hand and cuts the streams, instead of waiting for pages that stay open", async () => {
    const config = await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" });
    await using platform = openPlatform({ ...config, web: { ...config.web, host: "127.0.0.1", port: 0 } });
    await addAccount(platform.db, { id: "ann", role: "viewer", projects: null }, "test");
    const { secret } = await addToken(platform.db, { account: "ann", name: "t", scope: "all", project: null, days: null }, "test");
    const headers = { authorization: `Bearer ${secret}` };
    const stop = new AbortController();
    const address = Promise.withResolvers<string>();
    const serving = serve(platform, stop.signal, { onListening: address.resolve });
    const url = await address.promise;

    const ended = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    request(`${url}/api/v1/events`, { headers }, (response) => {
      response.once("data", () => opened.resolve());
      response.on("end", () => ended.resolve()).resume();
    }).end();
    await opened.promise;
    const answer = fetch(`${url}/api/v1/projects`, { headers });
    const began = performance.now();
    // The request has arrived, or is answered, before the word to stop is given.
    await new Promise((resolve) => setTimeout(resolve, 200));
    stop.abort();
    await Promise.all([serving, ended.promise]);
    expect((await answer).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(5_000);
    await expect(fetch(`${url}/api/health`)).rejects.toThrow();
  });
});
