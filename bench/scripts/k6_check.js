// One request, one check, in k6's own way.
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: { default: { executor: "constant-vus", vus: 50, duration: __ENV.DURATION } },
};

export default function () {
  check(http.get(__ENV.URL), { "status is 200": (r) => r.status === 200 });
}

export function handleSummary(data) {
  const failed = data.metrics.http_req_failed.values;
  return { stdout: JSON.stringify({ requests: data.metrics.http_reqs.values.count, failed: failed.passes }) };
}
