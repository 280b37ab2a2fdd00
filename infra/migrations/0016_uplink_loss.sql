-- Frames that never came, as `coldstream gaps --store` finds them in the topic uplinks. Both tables are made anew for a device
-- whenever its frames have changed, so they are a function of the log like everything else.
create table uplink_gaps (
  dev_eui text not null,
  session_key_id text not null,
  first_f_cnt bigint not null,
  last_f_cnt bigint not null,
  missing integer not null,
  after_at timestamptz(3) not null,
  before_at timestamptz(3) not null,
  gateway_id text not null,
  primary key (dev_eui, session_key_id, first_f_cnt)
);
comment on column uplink_gaps.gateway_id is 'that heard the frame before the gap best';
create index uplink_gaps_by_time on uplink_gaps (before_at desc);

-- By UTC day, device and gateway. A loss counts on the day on which it showed.
create table uplink_loss (
  dev_eui text not null,
  day date not null,
  gateway_id text not null,
  received integer not null,
  lost integer not null,
  primary key (dev_eui, day, gateway_id)
);

create view device_uplink_loss as
select l.day, l.dev_eui, d.id as device_id, d.organization_id, d.name as device,
  sum(l.received) as received, sum(l.lost) as lost, 100.0 * sum(l.lost) / sum(l.received + l.lost) as loss_percent
from uplink_loss l left join devices d on d.dev_eui = l.dev_eui and d.deleted_at is null
group by l.day, l.dev_eui, d.id;

create view gateway_uplink_loss as
select l.day, l.gateway_id, count(distinct l.dev_eui) as devices,
  sum(l.received) as received, sum(l.lost) as lost, 100.0 * sum(l.lost) / sum(l.received + l.lost) as loss_percent
from uplink_loss l group by l.day, l.gateway_id;
