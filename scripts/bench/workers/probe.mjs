/** Asks the objects of the measured Workers how many rows they have written. */
export default {
  async fetch(request, env) {
    const rows = { object: 0, businessDatabase: 0, ledgerDatabase: 0 };
    for (const name of JSON.parse(env.EXECUTOR_NAMES)) {
      const counted = await env.REGIONAL_EXECUTOR.getByName(name).rowsWritten();
      rows.object += counted.object;
      rows.businessDatabase += counted.database;
    }
    rows.ledgerDatabase = (await env.SEQUENCER.getByName(env.TENANT).rowsWritten()).database;
    return Response.json(rows);
  },
};
