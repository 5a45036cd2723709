// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {MiningEmission} from "./MiningEmission.sol";
import {SmtHolderClaim} from "./SmtHolderClaim.sol";

/// @title MESH: 10,000,000,000 for ever
///
/// The constructor mints every unit; nothing mints or burns later. The paper's split: mining 40 %, presale 20, foundation 15, team 10,
/// marketing 7 with 300 million of it for SMT holders, advisors 5, standards 3.
contract MeshToken is ERC20 {
    struct Holders {
        address presale;
        address foundation;
        address team;
        address marketing;
        address advisors;
        address standards;
    }

    uint256 private constant PERCENT = 100_000_000 ether;
    uint256 public constant SMT_HOLDERS_SHARE = 300_000_000 ether;
    uint64 public constant TEAM_LOCK = 2 * 365 days;

    MiningEmission public immutable mining;
    /// Its owner, the team, takes everything out once the lock is over, and nothing before.
    VestingWallet public immutable teamLock;
    SmtHolderClaim public immutable smtHolderClaim;

    constructor(Holders memory holders, address steward, bytes32 snapshotRoot) ERC20("MeshBox", "MESH") {
        mining = new MiningEmission(this, steward);
        teamLock = new VestingWallet(holders.team, uint64(block.timestamp) + TEAM_LOCK, 0);
        smtHolderClaim = new SmtHolderClaim(this, snapshotRoot);
        _mint(address(mining), 40 * PERCENT);
        _mint(holders.presale, 20 * PERCENT);
        _mint(holders.foundation, 15 * PERCENT);
        _mint(address(teamLock), 10 * PERCENT);
        _mint(address(smtHolderClaim), SMT_HOLDERS_SHARE);
        _mint(holders.marketing, 7 * PERCENT - SMT_HOLDERS_SHARE);
        _mint(holders.advisors, 5 * PERCENT);
        _mint(holders.standards, 3 * PERCENT);
    }
}
