#include "doctor/html_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/utf8.h"

namespace fullstop {
namespace {

constexpr double kWidth = 720;
constexpr double kLeft = 60;
constexpr double kRight = 16;
constexpr double kTop = 10;
constexpr double kTraceHeight = 260;
constexpr int kDecades = 8;
constexpr double kRowHeight = 26;
constexpr double kRowLabel = 330;

double TraceY(double probability) {
  const double decades = std::clamp(-std::log10(std::max(probability, 1e-30)),
                                    0.0, static_cast<double>(kDecades));
  return kTop + decades / kDecades * kTraceHeight;
}

std::string Svg(double height, const std::string& inner) {
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=img>{}</svg>", kWidth,
                     height, inner);
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : ReplaceInvalidUtf8(text)) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string PlotTraces(const std::vector<std::vector<double>>& traces) {
  std::string inner;
  for (int decade = 0; decade <= kDecades; decade += 2) {
    const double y = TraceY(std::pow(10.0, -decade));
    inner += fmt::format(
        "<line class=grid x1={} x2={} y1={:.1f} y2={:.1f} />"
        "<text x={} y={:.1f} text-anchor=end>{}</text>",
        kLeft, kWidth - kRight, y, y, kLeft - 8, y + 4,
        decade == 0 ? "1" : fmt::format("1e-{}", decade));
  }
  std::string dots;
  for (const std::vector<double>& trace : traces) {
    if (trace.empty()) continue;
    std::string points;
    const double steps = std::max(1.0, static_cast<double>(trace.size()) - 1);
    for (size_t i = 0; i < trace.size(); ++i) {
      const double x =
          kLeft + static_cast<double>(i) / steps * (kWidth - kLeft - kRight);
      points += fmt::format("{:.1f},{:.1f} ", x, TraceY(trace[i]));
    }
    inner += fmt::format("<polyline class=trace points=\"{}\" />", points);
    dots += fmt::format("<circle class=dot cx={:.1f} cy={:.1f} r=4 />",
                        kWidth - kRight, TraceY(trace.back()));
  }
  return Svg(kTop + kTraceHeight + 16, inner + dots);
}

std::string PlotShares(const std::vector<PlotRow>& rows) {
  const double width = kWidth - kRowLabel - kLeft;
  std::string inner;
  for (size_t i = 0; i < rows.size(); ++i) {
    const double y = kTop + static_cast<double>(i) * kRowHeight;
    const auto x = [width](double share) {
      return kRowLabel + std::clamp(share, 0.0, 1.0) * width;
    };
    const Estimate& share = rows[i].share;
    inner += fmt::format(
        "<text x={} y={:.1f} text-anchor=end>{}</text>"
        "<rect class=bar x={} y={:.1f} width={:.1f} height=8 />"
        "<line class=range x1={:.1f} x2={:.1f} y1={:.1f} y2={:.1f} />"
        "<text x={:.1f} y={:.1f}>{}</text>",
        kRowLabel - 8, y + 13, EscapeHtml(rows[i].name), kRowLabel, y + 4,
        x(share.value) - kRowLabel, x(share.low), x(share.high), y + 16, y + 16,
        kRowLabel + width + 8, y + 13, Describe(share.value));
  }
  return Svg(kTop + kRowHeight * static_cast<double>(rows.size()), inner);
}

}  // namespace fullstop
