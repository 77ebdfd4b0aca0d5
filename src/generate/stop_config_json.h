// What a stop machine was told and what it showed, as JSON.
#ifndef FULLSTOP_GENERATE_STOP_CONFIG_JSON_H_
#define FULLSTOP_GENERATE_STOP_CONFIG_JSON_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "generate/stop_machine.h"

namespace fullstop {

// All fields; see docs/trace.md.
nlohmann::ordered_json StopConfigToJson(const StopConfig& config);
// The inverse. Throws Error (kFormat) naming the key that is wrong. The stop
// machine still checks what it is given.
StopConfig StopConfigFromJson(const nlohmann::ordered_json& json);

// [{"section":"answer","text":"Hi"}], with "marker":true for a marker.
nlohmann::ordered_json PiecesToJson(const std::vector<Piece>& pieces);
// As StopConfigFromJson.
std::vector<Piece> PiecesFromJson(const nlohmann::ordered_json& json);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_STOP_CONFIG_JSON_H_
