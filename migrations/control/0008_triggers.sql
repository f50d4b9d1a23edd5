-- What triggers a release has, for those who look for the releases that an event or a minute may set off. The bundle says what they do.
ALTER TABLE releases ADD COLUMN triggers TEXT;   -- JSON: {events: [type], crons: number}; null where there is none
