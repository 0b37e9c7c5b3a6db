-- name: keep
INSERT INTO vendor_credentials (vendor, names, sealed, kept_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (vendor) DO UPDATE
SET names = excluded.names, sealed = excluded.sealed, kept_at = excluded.kept_at

-- name: list
SELECT vendor, names, kept_at
FROM vendor_credentials
ORDER BY vendor

-- name: sealed
SELECT vendor, sealed
FROM vendor_credentials
ORDER BY vendor

-- name: hold
SELECT sealed
FROM vendor_credentials
WHERE vendor = $1
FOR UPDATE

-- name: remove
DELETE FROM vendor_credentials
WHERE vendor = $1
