-- name: read
SELECT
    organisation.org_id,
    organisation.name,
    organisation.created_at,
    (SELECT count(*) FROM memberships AS one WHERE one.org_id = organisation.org_id) AS members
FROM organisations AS organisation
WHERE organisation.org_id = $1

-- name: rename
UPDATE organisations SET name = $2 WHERE org_id = $1
