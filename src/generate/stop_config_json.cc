#include "generate/stop_config_json.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/error.h"
#include "generate/end_json.h"
#include "generate/json_fields.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kSections = {Section::kAnswer, Section::kThought,
                                  Section::kCall, Section::kHeader};

// The one of VALUES whose NAME_OF is NAME.
template <typename Values, typename NameOf>
auto Named(const Values& values, const NameOf& name_of, const std::string& name,
           std::string_view what) {
  const auto found =
      std::find_if(values.begin(), values.end(),
                   [&](auto value) { return name_of(value) == name; });
  if (found == values.end()) {
    throw Error::Format("\"" + name + "\" is no " + std::string(what));
  }
  return *found;
}

Section SectionFromJson(const JsonFields& fields, std::string_view key) {
  return Named(kSections, SectionName, fields.Text(key), "section");
}

Json TextsToJson(const std::vector<std::string>& texts) {
  Json json = Json::array();
  for (const std::string& text : texts) {
    Json element = Json::object();
    PutBytes("text", text, &element);
    json.push_back(std::move(element));
  }
  return json;
}

std::vector<std::string> TextsFromJson(const JsonFields& fields,
                                       std::string_view key) {
  std::vector<std::string> texts;
  const Json* array = fields.FindArray(key);
  if (array == nullptr) return texts;
  for (const Json& element : *array) {
    texts.push_back(JsonFields(element, key).Bytes("text"));
  }
  return texts;
}

Json MarkerToJson(const SectionMarker& marker) {
  Json json = {{"from", SectionName(marker.from)},
               {"to", SectionName(marker.to)}};
  if (marker.text.empty()) {
    json["ids"] = marker.ids;
  } else {
    PutBytes("text", marker.text, &json);
  }
  return json;
}

SectionMarker MarkerFromJson(const Json& json) {
  const JsonFields fields(json, "a marker");
  SectionMarker marker;
  marker.from = SectionFromJson(fields, "from");
  marker.to = SectionFromJson(fields, "to");
  marker.text = fields.Bytes("text");
  if (const Json* ids = fields.FindArray("ids")) {
    for (const Json& id : *ids) {
      marker.ids.push_back(TokenIdFromJson(id, "an id of a marker"));
    }
  }
  return marker;
}

StopSet StopSetFromJson(const JsonFields& fields) {
  StopSet set;
  if (const Json* stops = fields.FindArray("stops")) {
    for (const Json& element : *stops) {
      const JsonFields stop(element, "a stop");
      set.stops.push_back(
          {stop.Id("id"), stop.Bytes("text"),
           Named(kStopRoles, StopRoleName, stop.Text("role"), "stop role"),
           SourcesFromJson(stop)});
    }
  }
  const auto not_ascending = [](const Stop& a, const Stop& b) {
    return a.id >= b.id;
  };
  if (std::adjacent_find(set.stops.begin(), set.stops.end(), not_ascending) !=
      set.stops.end()) {
    throw Error::Format("the stops are not in ascending order of their ids");
  }
  set.strings = TextsFromJson(fields, "derived_strings");
  return set;
}

}  // namespace

Json StopConfigToJson(const StopConfig& config) {
  Json stops = Json::array();
  for (const Stop& stop : config.stops.stops) {
    Json element = {{"id", stop.id}};
    PutBytes("text", stop.text, &element);
    element["role"] = StopRoleName(stop.role);
    element["from"] = SourcesToJson(stop.from);
    stops.push_back(std::move(element));
  }
  Json markers = Json::array();
  for (const SectionMarker& marker : config.markers) {
    markers.push_back(MarkerToJson(marker));
  }
  Json json = {{"stops", std::move(stops)},
               {"derived_strings", TextsToJson(config.stops.strings)},
               {"stop_strings", TextsToJson(config.stop_strings)},
               {"strings_in_thought", config.strings_in_thought},
               {"strings_in_call", config.strings_in_call},
               {"markers", std::move(markers)},
               {"start", SectionName(config.start)},
               {"min_tokens", config.min_tokens},
               {"max_tokens", nullptr},
               {"hold_tokens", config.hold_tokens}};
  if (config.max_tokens) json["max_tokens"] = *config.max_tokens;
  return json;
}

StopConfig StopConfigFromJson(const Json& json) {
  const JsonFields fields(json, "the configuration");
  StopConfig config;
  config.stops = StopSetFromJson(fields);
  config.stop_strings = TextsFromJson(fields, "stop_strings");
  config.strings_in_thought = fields.Flag("strings_in_thought");
  config.strings_in_call = fields.Flag("strings_in_call");
  if (const Json* markers = fields.FindArray("markers")) {
    for (const Json& marker : *markers) {
      config.markers.push_back(MarkerFromJson(marker));
    }
  }
  config.start = SectionFromJson(fields, "start");
  config.min_tokens = fields.Count("min_tokens");
  config.max_tokens = fields.MaybeCount("max_tokens");
  config.hold_tokens = fields.Count("hold_tokens");
  return config;
}

Json PiecesToJson(const std::vector<Piece>& pieces) {
  Json json = Json::array();
  for (const Piece& piece : pieces) {
    Json element = {{"section", SectionName(piece.section)}};
    PutBytes("text", piece.bytes, &element);
    if (piece.marker) element["marker"] = true;
    json.push_back(std::move(element));
  }
  return json;
}

std::vector<Piece> PiecesFromJson(const Json& json) {
  if (!json.is_array()) throw Error::Format("the pieces are no array");
  std::vector<Piece> pieces;
  for (const Json& element : json) {
    const JsonFields fields(element, "a piece");
    pieces.push_back({SectionFromJson(fields, "section"), fields.Flag("marker"),
                      fields.Bytes("text")});
  }
  return pieces;
}

}  // namespace fullstop
