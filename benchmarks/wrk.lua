-- Sends the requests of a file, one after the other, and says what came of it in JSON.
-- The file: each request with its length in decimal on a line before it.

local requests, at = {}, 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   for length in file:lines() do
      requests[#requests + 1] = file:read(tonumber(length))
   end
   file:close()
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "failed": %d, "seconds": %f, "latencies": [%f, %f, %f]}\n',
      summary.requests,
      errors.status + errors.connect + errors.read + errors.write + errors.timeout,
      summary.duration / 1e6,
      latency:percentile(50) / 1e6, latency:percentile(95) / 1e6, latency:percentile(99) / 1e6))
end
