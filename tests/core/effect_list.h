/// The effects of a step as a list of values, for tests that look at them.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "core/step/node.h"

namespace test {

struct OpenEffect {
    core::ConnectionId connection;
    core::NodeId peer;
};
struct SendEffect {
    core::ConnectionId connection;
    core::CorrelationId correlation;
    core::MessageBox message;
};
struct CloseEffect {
    core::ConnectionId connection;
};
struct ExitEffect {
    core::ExitReason reason;
};
struct NoteEffect {
    core::Note note;
    std::vector<core::NodeId> replicas;
};
using Effect = std::variant<OpenEffect, SendEffect, CloseEffect, ExitEffect, NoteEffect>;

/// Takes them out, in program order.
inline std::vector<Effect> take_list(core::Effects& effects) {
    struct Collector {
        std::vector<Effect>& list;
        void on_open(core::ConnectionId connection, core::NodeId peer) const {
            list.emplace_back(OpenEffect{connection, peer});
        }
        void on_send(core::ConnectionId connection, core::CorrelationId correlation,
                     core::MessageBox&& message) const {
            list.emplace_back(SendEffect{connection, correlation, std::move(message)});
        }
        void on_close(core::ConnectionId connection) const {
            list.emplace_back(CloseEffect{connection});
        }
        void on_exit(core::ExitReason reason) const { list.emplace_back(ExitEffect{reason}); }
        void on_notes(const core::Notes& notes) const {
            for (const core::Notes::Said& said : notes) {
                const auto replicas = notes.replicas_of(said);
                list.emplace_back(NoteEffect{said.note, {replicas.begin(), replicas.end()}});
            }
        }
    };
    std::vector<Effect> list;
    effects.perform(Collector{list});
    return list;
}

}  // namespace test
