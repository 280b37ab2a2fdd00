// The server's clock, before anything that names instants is asked.

export const CLOCK_QUERY = '{ now }'
