-- name: add
INSERT INTO memberships (org_id, user_id, role, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: role_of
SELECT role FROM memberships WHERE org_id = $1 AND user_id = $2

-- name: of_user
SELECT membership.org_id, organisation.name, membership.role
FROM memberships AS membership
JOIN organisations AS organisation ON organisation.org_id = membership.org_id
WHERE membership.user_id = $1
ORDER BY membership.created_at, membership.org_id

-- name: members
SELECT
    person.user_id,
    person.email,
    person.name,
    membership.role,
    membership.created_at,
    person.disabled_at
FROM memberships AS membership
JOIN users AS person ON person.user_id = membership.user_id
WHERE membership.org_id = $1
ORDER BY membership.created_at, person.user_id

-- name: lock_owners
SELECT membership.user_id
FROM memberships AS membership
JOIN users AS person ON person.user_id = membership.user_id
WHERE membership.org_id = $1 AND membership.role = 'owner' AND person.disabled_at IS NULL
FOR UPDATE OF membership

-- name: set_role
UPDATE memberships SET role = $3 WHERE org_id = $1 AND user_id = $2

-- name: remove
DELETE FROM memberships WHERE org_id = $1 AND user_id = $2
