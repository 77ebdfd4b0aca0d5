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
constexpr double kRowLabel = 310;
// Two figures beside each other.
constexpr double kRowValue = 150;

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
  const double width = kWidth - kRowLabel - kRowValue;
  const auto x = [width](double share) {
    return kRowLabel + std::clamp(share, 0.0, 1.0) * width;
  };
  const auto bar = [&x](const char* style, double y, double height,
                        const Estimate& share) {
    return fmt::format(
        "<rect class=\"bar{}\" x={} y={:.1f} width={:.1f} height={} />"
        "<line class=\"range{}\" x1={:.1f} x2={:.1f} y1={:.1f} y2={:.1f} />",
        style, kRowLabel, y, x(share.value) - kRowLabel, height, style,
        x(share.low), x(share.high), y + height + 2.5, y + height + 2.5);
  };
  std::string inner;
  for (size_t i = 0; i < rows.size(); ++i) {
    const double y = kTop + static_cast<double>(i) * kRowHeight;
    const PlotRow& row = rows[i];
    std::string shown = Describe(row.share.value);
    if (row.other) {
      inner +=
          bar("", y + 2, 4, row.share) + bar(" other", y + 13, 4, *row.other);
      shown += ", " + Describe(row.other->value);
    } else {
      inner += bar("", y + 4, 8, row.share);
    }
    inner += fmt::format(
        "<text x={} y={:.1f} text-anchor=end>{}</text>"
        "<text x={:.1f} y={:.1f}>{}</text>",
        kRowLabel - 8, y + 13, EscapeHtml(row.name), kRowLabel + width + 8,
        y + 13, shown);
  }
  return Svg(kTop + kRowHeight * static_cast<double>(rows.size()), inner);
}

}  // namespace fullstop
