-- What is in a cleaned file, recording by recording and label by label. Null for what was cleaned before this existed: the
-- code version in input_sha256 has changed since, so such a file is cleaned again and never read through this column.
alter table cleaning add column pieces text references object (key);
