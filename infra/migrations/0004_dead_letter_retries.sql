-- Which dead letters were sent back to the topic that they came from, and how often: each once, unless someone insists.
create table dead_letter_retries (
  topic text not null,
  topic_partition integer not null,
  topic_offset bigint not null,
  times integer not null default 1,
  first_retried_at timestamptz(3) not null default now(),
  last_retried_at timestamptz(3) not null default now(),
  primary key (topic, topic_partition, topic_offset),
  foreign key (topic, topic_partition, topic_offset) references dead_letters on delete cascade
);
