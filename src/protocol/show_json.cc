#include <array>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "protocol/show.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kTokenKinds = {
    TokenKind::kNormal,      TokenKind::kUnknown, TokenKind::kControl,
    TokenKind::kUserDefined, TokenKind::kUnused,  TokenKind::kByte};
constexpr std::array kFindingKinds = {FindingKind::kDeclaredNotWritten,
                                      FindingKind::kWrittenNotDeclared,
                                      FindingKind::kTwoBos,
                                      FindingKind::kNoBos,
                                      FindingKind::kGuess,
                                      FindingKind::kTextStop,
                                      FindingKind::kNoEnd,
                                      FindingKind::kSection,
                                      FindingKind::kSuppressed,
                                      FindingKind::kOutOfRange,
                                      FindingKind::kNoTemplate,
                                      FindingKind::kTemplateError,
                                      FindingKind::kDisagreement,
                                      FindingKind::kPromptsUnasked,
                                      FindingKind::kRemark};
constexpr std::array kContents = {CallContent::kNull, CallContent::kEmpty,
                                  CallContent::kAbsent, CallContent::kText};
constexpr std::array kArguments = {CallArguments::kObject,
                                   CallArguments::kText};

std::string_view ContentName(CallContent content) {
  switch (content) {
    case CallContent::kNull:
      return "null";
    case CallContent::kEmpty:
      return "empty";
    case CallContent::kAbsent:
      return "absent";
    case CallContent::kText:
      return "text";
  }
  return "null";
}

std::string_view ArgumentsName(CallArguments arguments) {
  return arguments == CallArguments::kObject ? "object" : "text";
}

// Vocabularies and templates may hold bytes that JSON cannot.
Json Text(const std::string& text) { return ReplaceInvalidUtf8(text); }

Json FromJson(const Source& source) {
  return Text(std::string(ProvenanceName(source.provenance)) + ": " +
              source.where);
}

Json FromJson(const std::vector<Source>& sources) {
  Json list = Json::array();
  for (const Source& source : sources) list.push_back(FromJson(source));
  return list;
}

Json MarkerJson(const std::optional<Marker>& marker) {
  if (!marker) return nullptr;
  return {{"text", Text(marker->text)}, {"ids", marker->ids}};
}

constexpr std::array kCallKinds = {CallKind::kNone, CallKind::kJson,
                                   CallKind::kNamed, CallKind::kChannel};
constexpr std::array kArgumentSyntaxes = {
    ArgumentSyntax::kJson, ArgumentSyntax::kPairs, ArgumentSyntax::kLiteral};
constexpr std::array kCallSteps = {CallStep::Kind::kText, CallStep::Kind::kName,
                                   CallStep::Kind::kId};

std::string_view CallStepName(CallStep::Kind kind) {
  switch (kind) {
    case CallStep::Kind::kText:
      return "text";
    case CallStep::Kind::kName:
      return "name";
    case CallStep::Kind::kId:
      return "id";
  }
  return "text";
}

// The texts of a call format under their keys.
constexpr std::array<std::pair<const char*, std::string CallFormat::*>, 18>
    kCallTexts = {{{"section_open", &CallFormat::section_open},
                   {"section_close", &CallFormat::section_close},
                   {"close", &CallFormat::close},
                   {"name_key", &CallFormat::name_key},
                   {"arguments_key", &CallFormat::arguments_key},
                   {"key_open", &CallFormat::key_open},
                   {"value_open", &CallFormat::value_open},
                   {"value_close", &CallFormat::value_close},
                   {"key_close", &CallFormat::key_close},
                   {"other_open", &CallFormat::other_open},
                   {"other_close", &CallFormat::other_close},
                   {"assign", &CallFormat::assign},
                   {"quote", &CallFormat::quote},
                   {"end", &CallFormat::end},
                   {"tool", &CallFormat::tool},
                   {"code_key", &CallFormat::code_key},
                   {"answer_name", &CallFormat::answer_name},
                   {"name_prefix", &CallFormat::name_prefix}}};

// What is empty or has its default is left out.
Json CallFormatJson(const CallFormat& format) {
  if (format.kind == CallKind::kNone) return nullptr;
  Json json = {{"kind", CallKindName(format.kind)},
               {"derived", format.derived},
               {"prefilled", format.prefilled},
               {"arguments", ArgumentSyntaxName(format.arguments)}};
  json["head"] = Json::array();
  for (const CallStep& step : format.head) {
    json["head"].push_back(
        {{"kind", CallStepName(step.kind)}, {"text", Text(step.text)}});
  }
  for (const auto& [key, text] : kCallTexts) {
    if (!(format.*text).empty()) json[key] = Text(format.*text);
  }
  return json;
}

Json BosJson(const BosPolicy& bos) {
  Json json = Json::object();
  json["id"] = bos.id ? Json(*bos.id) : Json();
  json["text"] = Text(bos.text);
  json["written"] = bos.written;
  json["add_bos"] = bos.declared_add ? Json(*bos.declared_add) : Json();
  return json;
}

// A derived stop string is an entry without an id.
Json StopsJson(const StopSet& stops) {
  Json list = Json::array();
  for (const Stop& stop : stops.stops) {
    list.push_back({{"id", stop.id},
                    {"text", Text(stop.text)},
                    {"role", StopRoleName(stop.role)},
                    {"from", FromJson(stop.from)}});
  }
  for (const std::string& text : stops.strings) {
    list.push_back(
        {{"id", nullptr},
         {"text", Text(text)},
         {"role", StopRoleName(StopRole::kTurnEnd)},
         {"from", Json::array({FromJson(
                      {Provenance::kDerived,
                       "the text between an answer and the next turn"})})}});
  }
  return list;
}

// Named tokens stand here too, with their names, whatever their kind.
Json SpecialsJson(const ProtocolFacts& facts) {
  Json list = Json::array();
  const auto names_of = [&](TokenId id) {
    Json names = Json::object();
    for (const NamedToken& token : facts.named) {
      if (token.id == id) names[token.name] = FromJson(token.from);
    }
    return names;
  };
  for (const SpecialToken& token : facts.specials) {
    Json json = {{"id", token.id},
                 {"text", Text(token.text)},
                 {"kind", TokenKindName(token.kind)},
                 {"lstrip", token.lstrip},
                 {"rstrip", token.rstrip},
                 {"control", token.control},
                 {"from", FromJson(token.from)}};
    json["names"] = names_of(token.id);
    list.push_back(std::move(json));
  }
  for (const NamedToken& named : facts.named) {
    bool listed = false;
    for (const Json& json : list) listed = listed || json["id"] == named.id;
    if (listed) continue;
    list.push_back({{"id", named.id},
                    {"text", Text(named.text)},
                    {"kind", TokenKindName(TokenKind::kNormal)},
                    {"names", names_of(named.id)}});
  }
  return list;
}

Json TemplateJson(const TemplateFact& fact) {
  return {{"name", Text(fact.name)},
          {"source", Text(fact.source)},
          {"from", FromJson(fact.from)}};
}

Json TemplatesJson(const ProtocolFacts& facts) {
  const std::vector<TemplateFact>& templates = facts.templates;
  if (templates.empty()) return nullptr;
  Json json = TemplateJson(templates.front());
  json["content_as_parts"] = facts.form.content_as_parts;
  json["others"] = Json::array();
  for (size_t i = 1; i < templates.size(); ++i) {
    json["others"].push_back(TemplateJson(templates[i]));
  }
  return json;
}

// Reads what the functions above write. PLACE names the value in errors.
class Reader {
 public:
  Reader(const Json& json, std::string place)
      : json_(json), place_(std::move(place)) {}

  Reader At(const char* key) const {
    if (!json_.is_object() || !json_.contains(key)) {
      throw Error::Format(place_ + " has no '" + key + "'");
    }
    return Reader(json_[key], place_ + "." + key);
  }
  std::vector<Reader> Items() const {
    if (!json_.is_array()) Refuse("an array");
    std::vector<Reader> items;
    for (size_t i = 0; i < json_.size(); ++i) {
      items.emplace_back(json_[i], place_ + "[" + std::to_string(i) + "]");
    }
    return items;
  }
  bool IsNull() const { return json_.is_null(); }
  bool Has(const char* key) const {
    return json_.is_object() && json_.contains(key);
  }
  const Json& json() const { return json_; }

  std::string Text() const {
    if (!json_.is_string()) Refuse("a string");
    return json_.get<std::string>();
  }
  bool Bool() const {
    if (!json_.is_boolean()) Refuse("true or false");
    return json_.get<bool>();
  }
  int32_t Integer() const {
    if (!json_.is_number_integer()) Refuse("an integer");
    const auto value = json_.get<int64_t>();
    if (value < INT32_MIN || value > INT32_MAX) Refuse("a token id");
    return static_cast<int32_t>(value);
  }
  template <class Enum, size_t N, class Name>
  Enum OneOf(const std::array<Enum, N>& values, Name name) const {
    const std::string text = Text();
    for (const Enum value : values) {
      if (name(value) == text) return value;
    }
    throw Error::Format(place_ + " is '" + text + "', which is not known");
  }
  Source From() const {
    const std::string text = Text();
    const size_t colon = text.find(": ");
    for (const Provenance provenance : kProvenances) {
      if (text.substr(0, colon) == ProvenanceName(provenance)) {
        return {provenance, colon == std::string::npos
                                ? std::string()
                                : text.substr(colon + 2)};
      }
    }
    throw Error::Format(place_ + " is '" + text + "', which names no source");
  }
  std::vector<Source> Sources() const {
    std::vector<Source> sources;
    for (const Reader& item : Items()) sources.push_back(item.From());
    return sources;
  }
  std::optional<Marker> MarkerOrNull() const {
    if (IsNull()) return std::nullopt;
    Marker marker = {At("text").Text(), {}};
    for (const Reader& id : At("ids").Items()) {
      marker.ids.push_back(id.Integer());
    }
    return marker;
  }
  TemplateFact Template() const {
    return {At("name").Text(), At("source").Text(), At("from").From()};
  }

 private:
  [[noreturn]] void Refuse(const char* wanted) const {
    throw Error::Format(place_ + " must be " + wanted + ", not " +
                        json_.type_name());
  }

  const Json& json_;
  std::string place_;
};

void ReadBos(const Reader& json, BosPolicy* bos) {
  if (!json.At("id").IsNull()) bos->id = json.At("id").Integer();
  bos->text = json.At("text").Text();
  bos->written = json.At("written").Integer();
  if (!json.At("add_bos").IsNull()) {
    bos->declared_add = json.At("add_bos").Bool();
  }
}

void ReadStops(const Reader& json, StopSet* stops) {
  for (const Reader& item : json.Items()) {
    const StopRole role = item.At("role").OneOf(kStopRoles, StopRoleName);
    if (item.At("id").IsNull()) {
      stops->strings.push_back(item.At("text").Text());
    } else {
      stops->stops.push_back({item.At("id").Integer(), item.At("text").Text(),
                              role, item.At("from").Sources()});
    }
  }
}

void ReadSpecials(const Reader& json, ProtocolFacts* facts) {
  for (const Reader& item : json.Items()) {
    SpecialToken token;
    token.id = item.At("id").Integer();
    token.text = item.At("text").Text();
    token.kind = item.At("kind").OneOf(kTokenKinds, TokenKindName);
    for (const auto& [name, from] : item.At("names").json().items()) {
      facts->named.push_back(
          {name, token.id, token.text, Reader(from, "names." + name).From()});
    }
    if (!item.Has("control")) continue;
    token.lstrip = item.At("lstrip").Bool();
    token.rstrip = item.At("rstrip").Bool();
    token.control = item.At("control").Bool();
    token.from = item.At("from").Sources();
    facts->specials.push_back(std::move(token));
  }
}

CallFormat ReadCallFormat(const Reader& json) {
  CallFormat format;
  if (json.IsNull()) return format;
  format.kind = json.At("kind").OneOf(kCallKinds, CallKindName);
  format.derived = json.At("derived").Bool();
  format.prefilled = json.At("prefilled").Bool();
  format.arguments =
      json.At("arguments").OneOf(kArgumentSyntaxes, ArgumentSyntaxName);
  for (const Reader& step : json.At("head").Items()) {
    format.head.push_back({step.At("kind").OneOf(kCallSteps, CallStepName),
                           step.At("text").Text()});
  }
  for (const auto& [key, text] : kCallTexts) {
    if (json.Has(key)) format.*text = json.At(key).Text();
  }
  return format;
}

void ReadMarkers(const Reader& json, ProtocolFacts* facts) {
  const Reader reasoning = json.At("reasoning");
  facts->reasoning = {reasoning.At("opening").MarkerOrNull(),
                      reasoning.At("closing").MarkerOrNull(),
                      reasoning.At("answer").MarkerOrNull(),
                      reasoning.At("answer_closing").MarkerOrNull(),
                      reasoning.At("header").MarkerOrNull(),
                      reasoning.At("prefilled").Bool(),
                      reasoning.At("field").Text(),
                      reasoning.At("switch").Text(),
                      reasoning.At("switch_on").Bool()};
  const Reader calls = json.At("tool_calls");
  facts->tool_calls = {calls.At("opening").MarkerOrNull(),
                       calls.At("closing").MarkerOrNull(),
                       ReadCallFormat(calls.At("format")),
                       {}};
  for (const Reader& other : calls.At("others").Items()) {
    facts->tool_calls.others.push_back(ReadCallFormat(other));
  }
  const Reader form = calls.At("form");
  if (form.IsNull()) return;
  facts->form.calls = {form.At("arguments").OneOf(kArguments, ArgumentsName),
                       form.At("content").OneOf(kContents, ContentName)};
}

}  // namespace

Json ToJson(const ProtocolFacts& facts) {
  Json json = Json::object();
  json["hash"] = facts.hash;
  json["bos"] = BosJson(facts.bos);
  json["stops"] = StopsJson(facts.stops);
  json["specials"] = SpecialsJson(facts);
  json["reasoning"] = {
      {"opening", MarkerJson(facts.reasoning.opening)},
      {"closing", MarkerJson(facts.reasoning.closing)},
      {"answer", MarkerJson(facts.reasoning.answer)},
      {"answer_closing", MarkerJson(facts.reasoning.answer_closing)},
      {"header", MarkerJson(facts.reasoning.header)},
      {"prefilled", facts.reasoning.prefilled},
      {"field", facts.reasoning.field},
      {"switch", facts.reasoning.switch_name},
      {"switch_on", facts.reasoning.switch_on}};
  json["tool_calls"] = {{"opening", MarkerJson(facts.tool_calls.opening)},
                        {"closing", MarkerJson(facts.tool_calls.closing)},
                        {"format", CallFormatJson(facts.tool_calls.format)},
                        {"others", Json::array()},
                        {"form", nullptr}};
  for (const CallFormat& other : facts.tool_calls.others) {
    json["tool_calls"]["others"].push_back(CallFormatJson(other));
  }
  if (facts.form.calls) {
    json["tool_calls"]["form"] = {
        {"arguments", ArgumentsName(facts.form.calls->arguments)},
        {"content", ContentName(facts.form.calls->content)}};
  }
  json["sampling"] = Json::array();
  for (const SamplingDefault& sampling : facts.sampling) {
    json["sampling"].push_back({{"name", Text(sampling.name)},
                                {"value", sampling.value},
                                {"from", FromJson(sampling.from)}});
  }
  json["template"] = TemplatesJson(facts);
  json["findings"] = Json::array();
  for (const Finding& finding : facts.findings) {
    json["findings"].push_back({{"kind", FindingKindName(finding.kind)},
                                {"message", Text(finding.message)},
                                {"evidence", Text(finding.evidence)}});
  }
  return json;
}

ProtocolFacts ProtocolFromJson(const Json& json) {
  const Reader reader(json, "protocol");
  ProtocolFacts facts;
  facts.hash = reader.At("hash").Text();
  ReadBos(reader.At("bos"), &facts.bos);
  ReadStops(reader.At("stops"), &facts.stops);
  ReadSpecials(reader.At("specials"), &facts);
  ReadMarkers(reader, &facts);
  for (const Reader& item : reader.At("sampling").Items()) {
    facts.sampling.push_back({item.At("name").Text(), item.At("value").json(),
                              item.At("from").From()});
  }
  const Reader templates = reader.At("template");
  if (!templates.IsNull()) {
    facts.templates.push_back(templates.Template());
    facts.form.content_as_parts = templates.At("content_as_parts").Bool();
    for (const Reader& other : templates.At("others").Items()) {
      facts.templates.push_back(other.Template());
    }
  }
  for (const Reader& item : reader.At("findings").Items()) {
    facts.findings.push_back(
        {item.At("kind").OneOf(kFindingKinds, FindingKindName),
         item.At("message").Text(), item.At("evidence").Text()});
  }
  return facts;
}

}  // namespace fullstop
