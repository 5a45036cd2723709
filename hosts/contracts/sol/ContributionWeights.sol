// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {BoxRegistry} from "./BoxRegistry.sol";

/// The contract that has settled what a box did in an epoch tells it here, once for each box and epoch. Units are the source's own and
/// only their ratios count; forwarding, payment relay and storage may be brought to one unit by its price list.
interface ContributionSink {
    function record(uint64 epoch, address box, uint256 forwarded, uint256 relayed, uint256 stored) external;
}

/// @title Contribution as integer weights, the same on every node
///
/// A box's score loses an eighth with each epoch and gains what is recorded. A weight is its share of 2^32 - 1 after the cap: no owner counts
/// for more than an eighth of all, or than twice the mean while there are fewer than sixteen owners. Weights are read at a block, so each
/// node that asks at the same block gets the same ones. A weight is linear in the score below the cap: a box split into many gains nothing.
contract ContributionWeights is ContributionSink {
    using EnumerableSet for EnumerableSet.AddressSet;

    struct Score {
        uint64 epoch;
        uint192 value;
    }

    /// A weight in a block has four octets.
    uint256 public constant SCALE = type(uint32).max;
    /// Twice the number of owners who together must hold everything: an owner's cap is 2/16 of all.
    uint256 private constant TWICE_OWNERS = 16;
    /// After so many epochs (7/8)^n is below 2^-32: the score counts as gone.
    uint256 private constant FORGOTTEN = 167;
    /// A record is at most this, so that sums of 2^32 boxes stay within 192 bits.
    uint256 private constant RECORD_MAX = 1 << 120;

    BoxRegistry public immutable registry;
    address public immutable source;
    uint64 public currentEpoch;
    mapping(uint64 epoch => mapping(address box => bool)) public recorded;
    mapping(address => Score) private scores;
    EnumerableSet.AddressSet private known;

    event Recorded(uint64 indexed epoch, address indexed box, uint256 forwarded, uint256 relayed, uint256 stored);

    error NotTheSource();
    error AlreadyRecorded();
    error EpochNotReached();
    error TooMuch();

    constructor(BoxRegistry registry_, address source_) {
        registry = registry_;
        source = source_;
    }

    /// In any order: what comes late has decayed by as much as if it had come in time.
    function record(uint64 epoch, address box, uint256 forwarded, uint256 relayed, uint256 stored) external {
        require(msg.sender == source, NotTheSource());
        require(forwarded < RECORD_MAX && relayed < RECORD_MAX && stored < RECORD_MAX, TooMuch());
        require(!recorded[epoch][box], AlreadyRecorded());
        recorded[epoch][box] = true;
        known.add(box);
        Score memory old = scores[box];
        Score memory added = Score(epoch, uint192(forwarded + relayed + stored));
        uint64 newest = epoch > old.epoch ? epoch : old.epoch;
        scores[box] = Score(newest, uint192(_decayed(old, newest) + _decayed(added, newest)));
        if (epoch > currentEpoch) currentEpoch = epoch;
        emit Recorded(epoch, box, forwarded, relayed, stored);
    }

    /// A box's score at an epoch, before caps.
    function scoreOf(address box, uint64 epoch) public view returns (uint256) {
        return _decayed(scores[box], epoch);
    }

    /// Boxes with a weight above 0 in the order in which they were first recorded, and their weights, of a sum of at most SCALE.
    function weights(uint64 epoch) public view returns (address[] memory boxes, uint32[] memory values) {
        require(epoch >= currentEpoch, EpochNotReached());
        (address[] memory all, address[] memory owners, uint256[] memory raw) = _scores(epoch);
        (uint256[] memory ofOwner, uint256[] memory capped, uint256 total) = _capped(owners, raw);
        uint256 count;
        boxes = new address[](all.length);
        values = new uint32[](all.length);
        for (uint256 i = 0; i < all.length; i++) {
            if (raw[i] == 0) continue;
            // Two steps of 64 and 32 bits: no product leaves 256.
            uint256 share = (capped[i] * SCALE) / total;
            uint32 value = uint32((raw[i] * share) / ofOwner[i]);
            if (value == 0) continue;
            boxes[count] = all[i];
            values[count++] = value;
        }
        // The arrays are as long as they might have been: shortens them to what they hold.
        // solhint-disable-next-line no-inline-assembly
        assembly {
            mstore(boxes, count)
            mstore(values, count)
        }
    }

    /// The same as consensus takes it: key, weight and payee of each box whose key the registry has.
    function proposers(
        uint64 epoch
    ) external view returns (bytes[] memory keys, uint32[] memory values, address[] memory payees) {
        (address[] memory boxes, uint32[] memory all) = weights(epoch);
        (keys, values, payees) = (new bytes[](boxes.length), new uint32[](boxes.length), new address[](boxes.length));
        uint256 count;
        for (uint256 i = 0; i < boxes.length; i++) {
            bytes memory key = registry.keyOf(boxes[i]);
            if (key.length == 0) continue;
            (keys[count], values[count]) = (key, all[i]);
            payees[count++] = registry.walletOf(boxes[i]);
        }
        // solhint-disable-next-line no-inline-assembly
        assembly {
            mstore(keys, count)
            mstore(values, count)
            mstore(payees, count)
        }
    }

    /// Score and owner of each known box; a box that is bound to no wallet scores 0.
    function _scores(uint64 epoch) private view returns (address[] memory all, address[] memory owners, uint256[] memory raw) {
        all = known.values();
        owners = new address[](all.length);
        raw = new uint256[](all.length);
        for (uint256 i = 0; i < all.length; i++) {
            owners[i] = registry.walletOf(all[i]);
            if (owners[i] != address(0)) raw[i] = scoreOf(all[i], epoch);
        }
    }

    /// For each box its owner's score and the same after the cap; and the sum of the capped scores of all owners.
    function _capped(
        address[] memory owners,
        uint256[] memory raw
    ) private pure returns (uint256[] memory ofOwner, uint256[] memory capped, uint256 total) {
        uint256 n = raw.length;
        ofOwner = new uint256[](n);
        capped = new uint256[](n);
        uint256[] memory first = new uint256[](n);
        uint256 rest;
        uint256 count;
        for (uint256 i = 0; i < n; i++) {
            first[i] = i;
            if (raw[i] == 0) continue;
            for (uint256 j = 0; j < i; j++) {
                if (raw[j] > 0 && owners[j] == owners[i]) {
                    first[i] = first[j];
                    break;
                }
            }
            if (first[i] == i) count++;
            ofOwner[first[i]] += raw[i];
            rest += raw[i];
        }
        uint256 cap = _cap(ofOwner, rest, count);
        for (uint256 i = 0; i < n; i++) {
            if (raw[i] == 0) continue;
            ofOwner[i] = ofOwner[first[i]];
            capped[i] = ofOwner[i] < cap ? ofOwner[i] : cap;
            if (first[i] == i) total += capped[i];
        }
    }

    /// Greatest score that counts: with the m greatest owners at it, it is 2/parts of the whole, and the next owner is not above it.
    function _cap(uint256[] memory ofOwner, uint256 rest, uint256 count) private pure returns (uint256 cap) {
        uint256 parts = count < TWICE_OWNERS ? count : TWICE_OWNERS;
        uint256 above = type(uint256).max;
        uint256 aboveIndex = type(uint256).max;
        for (uint256 m = 0; 2 * m < parts; m++) {
            cap = (2 * rest) / (parts - 2 * m);
            (uint256 next, uint256 index) = _next(ofOwner, above, aboveIndex);
            if (next <= cap) return cap;
            rest -= next;
            (above, aboveIndex) = (next, index);
        }
    }

    /// The greatest owner below another one, ties by place.
    function _next(uint256[] memory ofOwner, uint256 above, uint256 aboveIndex) private pure returns (uint256 value, uint256 index) {
        for (uint256 i = 0; i < ofOwner.length; i++) {
            bool below = ofOwner[i] < above || (ofOwner[i] == above && i > aboveIndex);
            if (below && ofOwner[i] > value) (value, index) = (ofOwner[i], i);
        }
    }

    function _decayed(Score memory score, uint64 epoch) private pure returns (uint256 value) {
        value = score.value;
        uint256 passed = epoch > score.epoch ? epoch - score.epoch : 0;
        if (passed > FORGOTTEN) return 0;
        for (uint256 i = 0; i < passed; i++) value -= value / 8;
    }
}
