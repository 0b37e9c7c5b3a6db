-- name: insert_book
INSERT INTO books (org_id, book_id, name, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (org_id, name) WHERE removed_at IS NULL DO NOTHING
RETURNING book_id;

-- name: insert_version
INSERT INTO book_versions (org_id, book_id, version, title, positions, note, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: hold
SELECT book_id
FROM books
WHERE org_id = $1 AND name = $2 AND removed_at IS NULL
FOR UPDATE;

-- name: book_id
SELECT book_id
FROM books
WHERE org_id = $1 AND name = $2 AND removed_at IS NULL;

-- name: read
SELECT
    book.book_id, book.name, book.created_at, kept.version, kept.title, kept.positions, kept.note,
    kept.recorded_at
FROM books AS book
CROSS JOIN LATERAL (
    SELECT version, title, positions, note, recorded_at
    FROM book_versions
    WHERE org_id = book.org_id AND book_id = book.book_id
        AND ($3::integer IS NULL OR version = $3)
    ORDER BY version DESC
    LIMIT 1
) AS kept
WHERE book.org_id = $1 AND book.name = $2 AND book.removed_at IS NULL;

-- name: created_at
SELECT created_at
FROM books
WHERE org_id = $1 AND book_id = $2;

-- name: page
SELECT
    book.book_id, book.name, book.created_at, latest.version, latest.title,
    latest.position_count, latest.note, latest.recorded_at
FROM (
    SELECT org_id, book_id, name, created_at
    FROM books
    WHERE org_id = $1 AND removed_at IS NULL AND (created_at, book_id) < ($3, $4)
    ORDER BY created_at DESC, book_id DESC
    LIMIT $2
) AS book
CROSS JOIN LATERAL (
    SELECT version, title, position_count, note, recorded_at
    FROM book_versions
    WHERE org_id = book.org_id AND book_id = book.book_id
    ORDER BY version DESC
    LIMIT 1
) AS latest
ORDER BY book.created_at DESC, book.book_id DESC;

-- name: versions
SELECT version, title, position_count, note, recorded_at
FROM book_versions
WHERE org_id = $1 AND book_id = $2 AND version < $3
ORDER BY version DESC
LIMIT $4;

-- name: remove
UPDATE books
SET removed_at = $3
WHERE org_id = $1 AND book_id = $2;
