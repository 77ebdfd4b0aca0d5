#include <map>
#include <set>
#include <utility>

#include "protocol/show.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// One line for each key whose value the two sides do not share.
void CompareMaps(const std::string& what,
                 const std::map<std::string, std::string>& a,
                 const std::map<std::string, std::string>& b,
                 std::vector<std::string>* differences) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) keys.insert(key);
  for (const auto& [key, value] : b) keys.insert(key);
  for (const std::string& key : keys) {
    const auto in_a = a.find(key);
    const auto in_b = b.find(key);
    const std::string name = what.empty() ? key : what + " " + key;
    if (in_a == a.end()) {
      differences->push_back(name + ": only the second has it (" +
                             in_b->second + ")");
    } else if (in_b == b.end()) {
      differences->push_back(name + ": only the first has it (" + in_a->second +
                             ")");
    } else if (in_a->second != in_b->second) {
      differences->push_back(name + ": " + in_a->second + " and " +
                             in_b->second);
    }
  }
}

std::map<std::string, std::string> Stops(const StopSet& set) {
  std::map<std::string, std::string> stops;
  for (const Stop& stop : set.stops) {
    stops[std::to_string(stop.id) + " " + stop.text] = StopRoleName(stop.role);
  }
  for (const std::string& string : set.strings) {
    stops[Dump(string)] = "a stop string";
  }
  return stops;
}

std::map<std::string, std::string> Specials(const ProtocolFacts& facts) {
  std::map<std::string, std::string> specials;
  for (const SpecialToken& token : facts.specials) {
    specials[std::to_string(token.id)] =
        Dump(token.text) + " " + std::string(TokenKindName(token.kind)) +
        (token.control ? " control" : "") + (token.lstrip ? " lstrip" : "") +
        (token.rstrip ? " rstrip" : "");
  }
  return specials;
}

std::map<std::string, std::string> Rest(const ProtocolFacts& facts) {
  const Json json = ToJson(facts);
  std::map<std::string, std::string> rest;
  for (const char* key : {"reasoning", "tool_calls"}) {
    for (const auto& [name, value] : json[key].items()) {
      rest[std::string(key) + " " + name] = Dump(value);
    }
  }
  rest["bos id"] = Dump(json["bos"]["id"]);
  rest["bos written"] = Dump(json["bos"]["written"]);
  return rest;
}

std::map<std::string, std::string> Sampling(const ProtocolFacts& facts) {
  std::map<std::string, std::string> sampling;
  for (const SamplingDefault& setting : facts.sampling) {
    sampling[setting.name] = Dump(setting.value);
  }
  return sampling;
}

// Where two texts part, for a reader to find the place.
std::string FirstDifference(const std::string& a, const std::string& b) {
  size_t at = 0;
  size_t line = 1;
  while (at < a.size() && at < b.size() && a[at] == b[at]) {
    if (a[at] == '\n') ++line;
    ++at;
  }
  return "they part at byte " + std::to_string(at) + ", line " +
         std::to_string(line);
}

void CompareTemplates(const ProtocolFacts& a, const ProtocolFacts& b,
                      std::vector<std::string>* differences) {
  const auto find = [](const ProtocolFacts& facts, const std::string& name) {
    for (const TemplateFact& fact : facts.templates) {
      if (fact.name == name) return &fact;
    }
    return static_cast<const TemplateFact*>(nullptr);
  };
  for (const TemplateFact& fact : a.templates) {
    const TemplateFact* other = find(b, fact.name);
    if (other == nullptr) {
      differences->push_back("template " + fact.name +
                             ": only the first has it");
    } else if (other->source != fact.source) {
      differences->push_back("template " + fact.name + ": " +
                             FirstDifference(fact.source, other->source));
    }
  }
  for (const TemplateFact& fact : b.templates) {
    if (find(a, fact.name) != nullptr) continue;
    differences->push_back("template " + fact.name +
                           ": only the second has it");
  }
}

}  // namespace

std::vector<std::string> CompareProtocols(const ProtocolFacts& a,
                                          const ProtocolFacts& b) {
  std::vector<std::string> differences;
  CompareMaps("stop", Stops(a.stops), Stops(b.stops), &differences);
  CompareMaps("", Rest(a), Rest(b), &differences);
  CompareTemplates(a, b, &differences);
  CompareMaps("special token", Specials(a), Specials(b), &differences);
  CompareMaps("sampling", Sampling(a), Sampling(b), &differences);
  return differences;
}

}  // namespace fullstop
