// The rules that failed: what each made of a fixture's script or conversation.
#ifndef FULLSTOP_ISSUES_NAIVE_RULES_H_
#define FULLSTOP_ISSUES_NAIVE_RULES_H_

#include <string>
#include <vector>

#include "issues/fixture.h"

namespace fullstop {

// What NAIVE, one of the fixture's rules, makes of its play: a text (the answer
// that its user saw, or what else `of` names), or the ids of a prompt.
struct NaiveResult {
  std::string text;
  std::vector<TokenId> ids;
};

// Throws std::out_of_range for a rule that there is not.
NaiveResult ApplyNaiveRule(const FixtureModel& model, const Json& naive);

// The play that NAIVE is about, the first where it does not say.
const Json& PlayOf(const FixtureModel& model, const Json& naive);

}  // namespace fullstop

#endif  // FULLSTOP_ISSUES_NAIVE_RULES_H_
