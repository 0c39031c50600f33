import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `vite build web/ui --outDir X`; in development the API is expected on its own port. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  plugins: [react()],
  build: {
    emptyOutDir: true,
    // The content security policy allows no data: addresses for styles and fonts.
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // zod and its setting share a chunk, so that the setting is made before the schemas of any other chunk begin.
            { name: "zod", test: /node_modules[\\/]zod[\\/]|strict-csp/ },
          ],
        },
      },
    },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": process.env["SENSORLOOP_API"] ?? "http://127.0.0.1:8080" } },
});
