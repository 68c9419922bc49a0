import { adoptionsForgotten, definePlaybook, play, z } from 'api7-orch';

export default definePlaybook({
  name: 'adopt-forget',
  description: 'Remove the stopped containers that install --adopt has taken over; their volumes stay.',
  vars: z.strictObject({}),
  *plays({ inventory }) {
    yield* play({
      name: 'Forget adopted containers',
      hosts: 'control_plane,data_plane',
      *tasks(host) {
        yield* adoptionsForgotten(inventory, host);
      },
    });
  },
});
