-- migrate:up
-- The weather is the same for every organisation, so these tables have no org_id.
-- Temperatures in °C, pressure in hPa, speeds in m/s, fallen water in mm.
CREATE TABLE weather_observations (
    station text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    observed_at timestamptz NOT NULL,
    received_ns bigint NOT NULL,
    temp_c double precision NOT NULL,
    feels_like_c double precision NOT NULL,
    dew_point_c double precision,
    pressure_hpa double precision NOT NULL,
    humidity_percent double precision NOT NULL,
    cloud_cover_percent double precision NOT NULL,
    visibility_m double precision,
    wind_speed_m_per_s double precision NOT NULL,
    wind_direction_deg double precision,
    wind_gust_m_per_s double precision,
    rain_mm double precision,
    snow_mm double precision,
    condition text NOT NULL,
    PRIMARY KEY (station, source, observed_at)
);

-- Every issue of a forecast is kept, so that a study sees what was known at its time.
CREATE TABLE weather_hourly (
    station text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    valid_at timestamptz NOT NULL,
    step_h smallint NOT NULL,
    received_ns bigint NOT NULL,
    temp_c double precision NOT NULL,
    feels_like_c double precision NOT NULL,
    pressure_hpa double precision NOT NULL,
    humidity_percent double precision NOT NULL,
    cloud_cover_percent double precision NOT NULL,
    wind_speed_m_per_s double precision NOT NULL,
    wind_direction_deg double precision,
    precipitation_probability double precision NOT NULL,
    rain_mm double precision,
    snow_mm double precision,
    condition text NOT NULL,
    PRIMARY KEY (station, source, issued_at, valid_at)
);

CREATE TABLE weather_daily (
    station text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    day date NOT NULL,
    received_ns bigint NOT NULL,
    min_c double precision NOT NULL,
    max_c double precision NOT NULL,
    precipitation_probability double precision NOT NULL,
    rain_mm double precision,
    snow_mm double precision,
    condition text NOT NULL,
    PRIMARY KEY (station, source, issued_at, day)
);
CREATE INDEX weather_daily_by_day ON weather_daily (station, source, day, issued_at DESC);

-- Calls are counted here before they are sent, so that no restart forgets one.
CREATE TABLE weather_calls (
    source text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    day date NOT NULL,
    calls integer NOT NULL CHECK (calls >= 0),
    PRIMARY KEY (source, plan, day)
);

GRANT SELECT ON weather_observations, weather_hourly, weather_daily, weather_calls
TO heliostat_app, heliostat_system;
GRANT INSERT ON weather_observations, weather_hourly, weather_daily TO heliostat_system;
GRANT INSERT, UPDATE ON weather_calls TO heliostat_system;

-- migrate:down
DROP TABLE weather_calls, weather_daily, weather_hourly, weather_observations;
