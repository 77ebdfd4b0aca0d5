#include "doctor/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "doctor/html_plot.h"
#include "doctor/report.h"
#include "measure/statistics.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1c2024; --dim: #667078;
  --line: #d5dadf; --paper: #ffffff; --card: #f5f7f9; --mark: #2f6f9f;
  --end: #c2571a; --error: #b3261e; --warning: #9a6700; --note: #2f6f9f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #98a2ab;
  --line: #3a424a; --paper: #14181b; --card: #1e2428; --mark: #7db6e0;
  --end: #f0a060; --error: #ff8a80; --warning: #e3b341; --note: #7db6e0; } }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1, h2 { overflow-wrap: anywhere; } h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; }
.dim { color: var(--dim); } .card { background: var(--card); margin: .6rem 0;
  padding: .6rem .9rem; border-radius: .4rem; overflow-wrap: anywhere; }
.error { color: var(--error); } .warning { color: var(--warning); }
.note { color: var(--note); } b.error, b.warning, b.note { margin-right: .5em; }
pre { white-space: pre-wrap; font-size: .85rem; } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
ul { margin: .3rem 0; padding-left: 1.2rem; }
figure { margin: 1rem 0; overflow-x: auto; } figcaption { color: var(--dim); font-size: .9rem; }
svg { width: 100%; min-width: 36rem; height: auto; } svg text { fill: var(--dim);
  font: 12px system-ui, sans-serif; } .grid { stroke: var(--line); }
.trace { fill: none; stroke: var(--mark); opacity: .35; }
.dot { fill: var(--end); } .bar { fill: var(--mark); }
.range { stroke: var(--mark); stroke-width: 3; }
.bar.other { fill: var(--end); } .range.other { stroke: var(--end); }
)";

void AddFinding(const Diagnosis& finding, std::string* page) {
  const std::string severity(SeverityName(finding.severity));
  *page += fmt::format(
      "<div class=card><b class={0}>{0}</b>{1} <span class=dim>{2}</span>",
      severity, EscapeHtml(finding.message), finding.rule);
  if (!finding.evidence.empty()) *page += "<ul>";
  for (const Exhibit& exhibit : finding.evidence) {
    *page += "<li>" + EscapeHtml(exhibit.where);
    if (!exhibit.shown.empty()) {
      *page += ": <code>" + EscapeHtml(exhibit.shown) + "</code>";
    }
    *page += "</li>";
  }
  if (!finding.evidence.empty()) *page += "</ul>";
  if (!finding.repair.empty()) {
    *page += "<div>repair: " + EscapeHtml(finding.repair) + "</div>";
  }
  *page += "</div>\n";
}

std::string Figure(const std::string& picture, std::string_view caption) {
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                     picture, caption);
}

Estimate EstimateOf(const Json& json) {
  return {json["value"].get<double>(), json["low"].get<double>(),
          json["high"].get<double>()};
}

std::vector<PlotRow> RowsOf(const Json& list, const char* field) {
  std::vector<PlotRow> rows;
  for (const Json& each : list) {
    rows.push_back({each["name"].get<std::string>(), EstimateOf(each[field])});
  }
  return rows;
}

void AddSweep(const Json& sweep, std::string* page) {
  *page += Figure(PlotShares(RowsOf(sweep, "p_stop")),
                  "P(stop) at the ends of known replies as sampling settings "
                  "leave it, one step each.");
  std::vector<PlotRow> rows;
  for (const Json& each : sweep) {
    if (each["replies"].is_null()) continue;
    rows.push_back({each["name"].get<std::string>(), EstimateOf(each["p_stop"]),
                    EstimateOf(each["replies"]["ended"])});
  }
  if (rows.empty()) return;
  *page += Figure(PlotShares(rows),
                  "The same beside replies that were drawn by these settings: "
                  "P(stop) in one step above, the share of replies that end "
                  "below.");
}

void AddLive(const Json& live, std::string* page) {
  std::vector<std::vector<double>> traces;
  for (const Json& reply : live["known"]["replies"]) {
    traces.push_back(reply["p_stop"].get<std::vector<double>>());
  }
  *page += Figure(
      PlotTraces(traces),
      "P(stop) along each known reply, from its first token to its end (the "
      "dot). A healthy model's lines stay low, and rise at the end.");
  const Json& replies = live["own"]["replies"];
  if (!replies.empty()) {
    std::map<std::string, size_t> causes;
    for (const Json& reply : replies) {
      ++causes[reply["end"]["cause"].get<std::string>()];
    }
    std::vector<PlotRow> rows;
    for (const auto& [cause, count] : causes) {
      rows.push_back({cause, Share(count, replies.size())});
    }
    *page += Figure(PlotShares(rows),
                    "How the model's own replies end: shares, with 95 % "
                    "intervals.");
  }
  if (!live["dresses"].empty()) {
    *page += Figure(PlotShares(RowsOf(live["dresses"], "p_stop")),
                    "P(stop) at the ends of known replies in other dress. A "
                    "BOS or a space more or less is often noise.");
  }
  AddSweep(live["sweep"], page);
}

void AddReport(const Report& report, std::string* page) {
  *page += fmt::format("<h2>{} <span class=dim>{}</span></h2>\n",
                       EscapeHtml(report.path), EscapeHtml(report.kind));
  if (report.diagnoses.empty()) *page += "<p>Nothing was found.</p>\n";
  for (const Diagnosis& each : report.diagnoses) AddFinding(each, page);
  if (!report.figures.empty()) {
    *page += "<details><summary>Figures</summary><pre class=card>" +
             EscapeHtml(report.figures) + "</pre></details>\n";
  }
  if (!report.live.is_null()) AddLive(report.live, page);
  for (const auto& [why, rules] : ByReason(report.not_evaluated)) {
    *page += fmt::format("<div class=dim>not evaluated: {} ({})</div>\n",
                         EscapeHtml(why), rules);
  }
}

}  // namespace

std::string PrintHtml(const std::vector<Report>& reports,
                      const std::string& version) {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
      "<title>fullstop doctor</title><style>{}</style></head><body>\n"
      "<h1>fullstop doctor <span class=dim>{}</span></h1>\n",
      kStyle, EscapeHtml(version));
  for (const Report& report : reports) AddReport(report, &page);
  return page + "</body></html>\n";
}

}  // namespace fullstop
