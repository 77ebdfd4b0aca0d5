#include "generate/end_json.h"

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "generate/json_fields.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

Provenance ProvenanceFromName(const std::string& name) {
  for (const Provenance provenance : kProvenances) {
    if (ProvenanceName(provenance) == name) return provenance;
  }
  throw Error::Format("\"" + name + "\" is no provenance");
}

}  // namespace

Json SourcesToJson(const std::vector<Source>& sources) {
  Json json = Json::array();
  for (const Source& source : sources) {
    json.push_back(std::string(ProvenanceName(source.provenance)) + ": " +
                   ReplaceInvalidUtf8(source.where));
  }
  return json;
}

std::vector<Source> SourcesFromJson(const JsonFields& fields) {
  std::vector<Source> sources;
  const Json* array = fields.FindArray("from");
  if (array == nullptr) return sources;
  for (const Json& element : *array) {
    if (!element.is_string()) fields.Fail("from", "holds no string");
    const std::string text = element.get<std::string>();
    const size_t colon = text.find(": ");
    const std::string name = text.substr(0, colon);
    sources.push_back({ProvenanceFromName(name), colon == std::string::npos
                                                     ? ""
                                                     : text.substr(colon + 2)});
  }
  return sources;
}

Json EndToJson(const End& end) {
  Json json = {{"cause", EndCauseName(end.cause)}};
  if (end.id) json["id"] = *end.id;
  if (!end.text.empty()) PutBytes("text", end.text, &json);
  if (!end.from.empty()) json["from"] = SourcesToJson(end.from);
  if (end.cause == EndCause::kLoop) {
    json["period"] = end.period;
    json["count"] = end.count;
  }
  return json;
}

End EndFromJson(const Json& json) {
  const JsonFields fields(json, "an end");
  const std::optional<EndCause> cause = FindEndCause(fields.Text("cause"));
  if (!cause) fields.Fail("cause", "is no cause of an end");
  return {*cause,
          fields.MaybeId("id"),
          fields.Bytes("text"),
          SourcesFromJson(fields),
          fields.Count("period"),
          fields.Count("count")};
}

Json UsageToJson(const ReplyUsage& usage) {
  return {{"completion_tokens", usage.completion_tokens},
          {"reasoning_tokens", usage.reasoning_tokens},
          {"stepped_back_tokens", usage.stepped_back_tokens}};
}

ReplyUsage UsageFromJson(const Json& json) {
  const JsonFields fields(json, "the usage");
  return {fields.Count("completion_tokens"), fields.Count("reasoning_tokens"),
          fields.Count("stepped_back_tokens")};
}

}  // namespace fullstop
