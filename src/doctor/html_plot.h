// Plots for a page: SVG that takes its colours from the page's style.
#ifndef FULLSTOP_DOCTOR_HTML_PLOT_H_
#define FULLSTOP_DOCTOR_HTML_PLOT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/statistics.h"

namespace fullstop {

// TEXT as HTML shows it, invalid UTF-8 replaced.
std::string EscapeHtml(std::string_view text);

struct PlotRow {
  std::string name;
  Estimate share;  // 0 to 1
  // Drawn below it, in the other colour.
  std::optional<Estimate> other = std::nullopt;
};

// Probabilities along several texts of any length, logarithmic from 1e-8 to 1;
// the last of each is a dot.
std::string PlotTraces(const std::vector<std::vector<double>>& traces);

// A bar for each row, and its interval as a line.
std::string PlotShares(const std::vector<PlotRow>& rows);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_HTML_PLOT_H_
