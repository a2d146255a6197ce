INSERT INTO change (digest, state, accountable, waits_until, idx, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (digest) DO UPDATE SET state = ?2, accountable = ?3, waits_until = ?4, idx = ?5, doc = ?6
