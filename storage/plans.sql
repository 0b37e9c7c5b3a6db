-- name: plan_of
SELECT plan
FROM organisations
WHERE org_id = $1;
