-- ?1 states as a JSON array, empty for all; ?2 the person accountable or null; ?3 only before this index or null; ?4 how many.
SELECT doc FROM change
WHERE (json_array_length(?1) = 0 OR state IN (SELECT value FROM json_each(?1)))
  AND (?2 IS NULL OR accountable = ?2)
  AND (?3 IS NULL OR idx < ?3)
ORDER BY idx DESC LIMIT ?4
