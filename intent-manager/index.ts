/** The public Worker. */
export default {
  fetch: (request: Request) =>
    new URL(request.url).pathname === "/healthz" ? Response.json({ ok: true }) : new Response("Not found\n", { status: 404 }),
};
