#include "issues/naive_rules.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/utf8.h"
#include "protocol/reply_cases.h"

namespace fullstop {
namespace {

// A rule's view of its play.
struct Case {
  const FixtureModel& model;
  const Json& naive;
  const Json& play;

  std::string script() const { return Turns(play).front()["says"]; }
  std::vector<TokenId> says() const { return model.Ids(script()); }
  std::string marker() const { return naive["marker"]; }
  // The messages before the play's last reply.
  Json Messages(const std::function<std::string(std::string)>& change) const {
    Json messages = Json::array();
    for (const Json& turn : Turns(play)) {
      messages.push_back(
          {{"role", "user"}, {"content", CaseText(turn.value("user", "Hm?"))}});
      const Json& said = turn["expected"];
      messages.push_back(
          {{"role", "assistant"},
           {"content", change(CaseText(said.value("content", "")))}});
    }
    messages.erase(messages.size() - 1);
    return messages;
  }
  std::vector<TokenId> PromptOfTheLastTurn() const {
    return model.Ids(std::string(Turns(play).back()["expected"]["prompt"]));
  }
};

using TextRule = std::function<std::string(const Case&)>;
using PromptRule = std::function<std::vector<TokenId>(const Case&)>;

std::string Until(const Case& c, const std::set<TokenId>& stops) {
  std::vector<TokenId> ids = c.says();
  ids.erase(std::find_if(ids.begin(), ids.end(),
                         [&](TokenId id) { return stops.contains(id); }),
            ids.end());
  return c.model.Text(ids);
}

// Ends at the ids that one file gives under one key, perhaps the first few.
std::string EndsAtDeclaredIds(const Case& c) {
  const Json ids = c.model.Declared(c.naive["file"], c.naive["field"]);
  std::set<TokenId> stops;
  const Json list = ids.is_array() ? ids : Json::array({ids});
  const size_t take = c.naive.value("take", list.size());
  for (size_t i = 0; i < std::min(take, list.size()); ++i) {
    stops.insert(list[i].get<TokenId>());
  }
  return Until(c, stops);
}

// Ends at one id, and shows what is said last, in whatever channel.
std::string EndsAtMarker(const Case& c) {
  const std::string text = Until(c, {c.model.Id(c.marker())});
  return c.naive.contains("channel") &&
                 text.starts_with(std::string(c.naive["channel"]))
             ? ""
             : text;
}

std::string EndsByName(const Case& c) {
  std::set<TokenId> stops;
  for (const std::string token : c.model.fixture()["control"]) {
    for (const std::string part : c.naive["parts"]) {
      std::string lower = token;
      std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
      if (lower.find(part) != std::string::npos) {
        stops.insert(c.model.Id(token));
      }
    }
  }
  return Until(c, stops);
}

// Looks for a marker in the text, of which control tokens may be no part.
std::string StopsAtText(const Case& c) {
  const std::string text = c.naive.value("hidden", false)
                               ? c.model.Text(c.says())
                               : CaseText(c.script());
  return text.substr(0, text.find(c.marker()));
}

// Each piece is printed as it comes; then the text's end is looked at.
std::string PrintsThenLooks(const Case& c) {
  const std::string text = c.model.Text(c.says());
  const size_t at = text.find(c.marker());
  return at == std::string::npos ? text
                                 : text.substr(0, at + c.marker().size());
}

// A thought begins only where its opening is generated.
std::string WaitsForTheOpening(const Case& c) {
  return CaseText(c.script()).find(c.marker()) == std::string::npos
             ? c.model.Text(c.says())
             : "";
}

std::string KeepsOnlyJson(const Case& c) {
  const std::string text = CaseText(c.script());
  const size_t open = text.find('{');
  const size_t close = text.rfind('}') + 1;
  return Json::accept(text.substr(open, close - open)) ? text : "";
}

// The first stop string that the text may yet complete is waited for, and the
// others are not looked at.
std::string WaitsForTheFirstString(const Case& c) {
  std::string shown;
  std::string held;
  for (const char byte : c.model.Text(c.says())) {
    held += byte;
    bool waits = false;
    for (const std::string stop : c.play["stop"]) {
      if (held.ends_with(stop)) return shown;
      for (size_t n = 1; n < stop.size() && !waits; ++n) {
        waits = held.ends_with(stop.substr(0, n));
      }
      if (waits) break;
    }
    if (!waits) shown += std::exchange(held, {});
  }
  return shown + held;
}

// What is held back for a stop string goes with the reply.
std::string LosesWhatIsHeld(const Case& c) {
  const std::string text =
      CaseText(c.script()).substr(0, c.play["max_tokens"].get<size_t>());
  const std::string stop = c.play["stop"][0];
  size_t held = std::min(stop.size(), text.size());
  while (!text.ends_with(stop.substr(0, held))) --held;
  return text.substr(0, text.size() - held);
}

std::string DecodesTokensAlone(const Case& c) {
  std::string text;
  for (const TokenId id : c.says()) {
    text += ReplaceInvalidUtf8(c.model.Text({&id, 1}));
  }
  return text;
}

std::string CountsOneTooMany(const Case& c) {
  return CaseText(c.script()).substr(0, c.play["max_tokens"].get<size_t>() + 1);
}

std::string SearchesTheMarker(const Case& c) {
  const std::string text = CaseText(c.script());
  const std::string end = c.naive["end"];
  const size_t at = text.rfind(c.marker()) + c.marker().size();
  return text.substr(at, text.rfind(end) - at);
}

// What is said where a rival beats the logits that PENALISED gives.
std::string WithRival(const Case& c,
                      const std::function<double(TokenId, double)>& penalised) {
  const Json& rival = c.play["rival"];
  std::string text;
  for (const TokenId id : c.says()) {
    if (penalised(id, 20) < rival["logit"].get<double>()) {
      return text + std::string(rival["text"]);
    }
    if (id < 256) text += static_cast<char>(id);
  }
  return text;
}

std::string PenalisesEnds(const Case& c) {
  const double penalty = c.play["sampling"]["repeat_penalty"];
  return WithRival(c, [penalty](TokenId id, double logit) {
    return id < 256 ? logit : logit / penalty;
  });
}

std::string PresenceAsRepetition(const Case& c) {
  const double penalty = c.play["sampling"]["presence_penalty"];
  return WithRival(
      c, [penalty](TokenId, double logit) { return logit / penalty; });
}

// How probable an end is beside a token with the same logit, in per cent.
std::string PenalisedOdds(const Case& c) {
  const Json& sampling = c.play["sampling"];
  const double lost = 20 - 20 / sampling["repeat_penalty"].get<double>();
  const double odds = std::exp(-lost / sampling["temp"].get<double>());
  return std::to_string(std::lround(100 * odds / (1 + odds)));
}

const std::map<std::string, TextRule>& TextRules() {
  static const std::map<std::string, TextRule> kRules = {
      {"ends_at_declared_ids", EndsAtDeclaredIds},
      {"ends_at_marker", EndsAtMarker},
      {"ends_by_name", EndsByName},
      {"never_ends", [](const Case& c) { return c.model.Text(c.says()); }},
      {"stops_at_text", StopsAtText},
      {"prints_then_looks", PrintsThenLooks},
      {"waits_for_the_opening", WaitsForTheOpening},
      {"keeps_only_json", KeepsOnlyJson},
      {"waits_for_the_first_string", WaitsForTheFirstString},
      {"loses_what_is_held", LosesWhatIsHeld},
      {"decodes_tokens_alone", DecodesTokensAlone},
      {"counts_one_too_many", CountsOneTooMany},
      {"searches_the_marker", SearchesTheMarker},
      {"penalises_ends", PenalisesEnds},
      {"presence_as_repetition", PresenceAsRepetition},
      {"penalised_odds", PenalisedOdds},
      {"always_says_stop", [](const Case&) { return std::string("stop"); }},
      {"swallows_the_error", [](const Case&) { return std::string(); }},
  };
  return kRules;
}

std::vector<TokenId> Joined(std::vector<TokenId> a,
                            const std::vector<TokenId>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The cache as it is, and behind it the new user's turn alone.
std::vector<TokenId> AppendsTheNewTurn(const Case& c) {
  const Json messages = c.Messages([](std::string text) { return text; });
  std::vector<TokenId> ids =
      Joined(c.model.Prompt(Json::array({messages.front()})), c.says());
  if (c.naive.value("unclosed", false)) ids.pop_back();
  return Joined(ids, c.model.Prompt(Json::array({messages.back()})));
}

std::vector<TokenId> RendersAnotherTemplate(const Case& c) {
  Json fixture = c.model.fixture();
  fixture["template"] = c.naive["template"];
  return FixtureModel(fixture).Prompt(
      c.Messages([](std::string text) { return text; }));
}

const std::map<std::string, PromptRule>& PromptRules() {
  static const std::map<std::string, PromptRule> kRules = {
      {"markers_as_text",
       [](const Case& c) {
         std::vector<TokenId> ids;
         for (const char byte :
              CaseText(Turns(c.play).back()["expected"]["prompt"])) {
           ids.push_back(static_cast<unsigned char>(byte));
         }
         return ids;
       }},
      {"user_text_as_markers",
       [](const Case& c) {
         return c.model.Ids(
             CaseText(Turns(c.play).back()["expected"]["prompt"]));
       }},
      {"adds_in_front",
       [](const Case& c) {
         return Joined(c.model.Ids(c.marker()), c.PromptOfTheLastTurn());
       }},
      {"adds_behind",
       [](const Case& c) {
         return Joined(c.PromptOfTheLastTurn(), c.model.Ids(c.marker()));
       }},
      {"another_template", RendersAnotherTemplate},
      {"strips_replies",
       [](const Case& c) {
         return c.model.Prompt(c.Messages(
             [](std::string text) { return std::string(Strip(text)); }));
       }},
      {"encodes_replies_again",
       [](const Case& c) {
         return c.model.Prompt(
             c.Messages([](std::string text) { return text; }));
       }},
      {"appends_the_new_turn", AppendsTheNewTurn},
  };
  return kRules;
}

}  // namespace

const Json& PlayOf(const FixtureModel& model, const Json& naive) {
  return model.fixture()["plays"][naive.value("play", size_t{0})];
}

NaiveResult ApplyNaiveRule(const FixtureModel& model, const Json& naive) {
  const Case c{model, naive, PlayOf(model, naive)};
  const std::string rule = naive["rule"];
  if (PromptRules().contains(rule)) return {{}, PromptRules().at(rule)(c)};
  return {TextRules().at(rule)(c), {}};
}

}  // namespace fullstop
