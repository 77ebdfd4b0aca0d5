// The ways in which generations fail to end, by the rows of issues/, and what
// it takes to find each.
#ifndef FULLSTOP_DOCTOR_CATALOGUE_H_
#define FULLSTOP_DOCTOR_CATALOGUE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

struct CatalogueRow {
  std::string_view id;    // "M01"
  std::string_view what;  // is wrong
  // "files", "--against", …; or "not ours, because …".
  std::string_view needs;
};

// All rows of models (M) and of training (E), by id.
std::span<const CatalogueRow> Catalogue();

// The rules whose page names ROW.
std::vector<std::string_view> RulesOf(std::string_view row);

// The content of docs/rules.md: every rule's page, then the catalogue as a
// table.
std::string PrintAllPages();

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_CATALOGUE_H_
