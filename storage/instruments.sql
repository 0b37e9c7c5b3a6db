-- name: record
INSERT INTO instruments (
    venue, source, product, contract_month, symbol, last_trade_date, first_trade_date,
    first_notice_date, first_delivery_date, final_settlement_date, recorded_at
)
SELECT $1, $2, listed.*, $3
FROM unnest(
    $4::text[], $5::integer[], $6::text[], $7::date[], $8::date[], $9::date[], $10::date[],
    $11::date[]
) AS listed (
    product, contract_month, symbol, last_trade_date, first_trade_date, first_notice_date,
    first_delivery_date, final_settlement_date
)
ON CONFLICT (product, source, venue, contract_month) DO UPDATE SET
    symbol = excluded.symbol,
    last_trade_date = excluded.last_trade_date,
    first_trade_date = excluded.first_trade_date,
    first_notice_date = excluded.first_notice_date,
    first_delivery_date = excluded.first_delivery_date,
    final_settlement_date = excluded.final_settlement_date,
    recorded_at = excluded.recorded_at;

-- name: listed
SELECT
    product, contract_month, symbol, venue, source, last_trade_date, first_trade_date,
    first_notice_date, first_delivery_date, final_settlement_date, recorded_at
FROM instruments
WHERE product = $1 AND ($2::text IS NULL OR source = $2)
ORDER BY source, venue, contract_month;
