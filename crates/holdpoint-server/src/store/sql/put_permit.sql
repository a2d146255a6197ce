INSERT INTO permit (id, change, state, not_after, idx, spent_at, spent_idx, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET state = ?3, spent_at = ?6, spent_idx = ?7, doc = ?8
