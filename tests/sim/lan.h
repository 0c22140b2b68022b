/// Three hosts whose network is driven by hand.
#pragma once

#include <string>
#include <vector>

#include "core/base/text.h"
#include "sim/network.h"

namespace test {

using namespace core;
using sim::Arrival;
using sim::HostIndex;
using sim::InFlightFate;

constexpr Duration ms(std::int64_t count) {
    return from_ms(count);
}

/// Three hosts on links of exactly 10 ms; what arrives is written down as "12ms 1: connected".
struct Lan {
    explicit Lan(const scenario::LinkModel& model = fixed(ms(10)))
        : network(kernel, 7, {NodeId(1), NodeId(2), NodeId(3)},
                  [model](HostIndex, HostIndex) { return model; }) {
        kernel.advance_to(at_ns(0));
        for (HostIndex host = 0; host < 3; ++host) network.process_up(host);
    }

    static scenario::LinkModel fixed(Duration latency) {
        scenario::LinkModel model;
        model.latency = scenario::Distribution(latency);
        return model;
    }

    ConnectionId open(HostIndex from, HostIndex to) {
        const ConnectionId id((*network.next_connection())++);
        network.open(id, from, to, Lane::requests, kernel.now());
        return id;
    }
    void send(ConnectionId connection, HostIndex from, std::uint32_t correlation) {
        send_at(connection, from, correlation, kernel.now());
    }
    void send_at(ConnectionId connection, HostIndex from, std::uint32_t correlation,
                 TimePoint leaves) {
        network.send(connection, from, CorrelationId(correlation), MetadataRequest{}, leaves);
    }
    void answer(ConnectionId connection, HostIndex from, std::uint32_t correlation) {
        network.send(connection, from, CorrelationId(correlation), MetadataResponse{},
                     kernel.now());
    }
    /// Runs until the moment; what arrived meanwhile.
    std::vector<std::string> run_to(Duration end) {
        std::vector<std::string> seen;
        while (!kernel.empty() && kernel.next_due() <= at_ns(0) + end) {
            const Arrival arrival = network.arrive(kernel.pop());
            if (arrival.kind == Arrival::Kind::nothing) continue;
            std::string what =
                concat(to_ms(kernel.now().time_since_epoch()), "ms ", arrival.host + 1, ": ");
            if (arrival.kind == Arrival::Kind::connected) what += "connected";
            if (arrival.kind == Arrival::Kind::lost)
                what += arrival.why == ConnectionLoss::refused ? "refused" : "reset";
            if (arrival.kind == Arrival::Kind::dropped)
                what += concat("loses one from ", arrival.received.peer.value());
            if (arrival.kind == Arrival::Kind::received)
                what += concat("message ", arrival.received.correlation.value());
            seen.push_back(what);
        }
        kernel.advance_to(at_ns(0) + end);
        return seen;
    }

    sim::Kernel kernel;
    sim::Network network;
};

using Seen = std::vector<std::string>;

}  // namespace test
