import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  const { HELIOSTAT_URL: api = "http://127.0.0.1:8700" } = loadEnv(mode, ".", "HELIOSTAT_");
  return {
    plugins: [react()],
    build: {
      outDir: "dist",
      emptyOutDir: true,
      target: "es2022",
      // The API may forbid data: addresses in its content security policy.
      assetsInlineLimit: 0,
      rolldownOptions: { input: ["index.html", "docs.html"] },
    },
    server: {
      host: "127.0.0.1",
      // The sign-in pages belong to the server's own name: give the stack this one as its public.
      proxy: Object.fromEntries(
        ["/v1", "/oauth", "/.well-known", "/sign-in", "/sign-out", "/account", "/front-door"].map(
          (path) => [path, { target: api }],
        ),
      ),
    },
  };
});
