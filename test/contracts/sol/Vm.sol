// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

/// What the tests use of forge's cheat codes.
interface Vm {
    function roll(uint256 height) external;
    function warp(uint256 time) external;
    function prank(address sender) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address);
    function envBytes(string calldata name) external view returns (bytes memory);
    function expectRevert() external;
}

// forge's own address of them: the last 20 octets of keccak256("hevm cheat code").
Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
